"""What can keep the platform from running, each said in a sentence for people."""


class UpError(Exception):
    """The platform cannot run; the message is for people, `exit_code` for the shell."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        """Keep the sentence and the code."""
        super().__init__(message)
        self.exit_code = exit_code


class BinaryMissing(UpError):
    """No usable server binary was found."""


class AlreadyRunning(UpError):
    """Another `sheaf up` uses this data directory."""


class PortTaken(UpError):
    """Something else listens where the API should."""


class ProcessFailed(UpError):
    """A process of the platform cannot start."""
