"""Why a command of a user could not do what it was asked, each with the exit code that says so to a shell."""

EX_FAILED, EX_USAGE, EX_SIGNED_OUT, EX_INTERRUPTED = 1, 2, 4, 130
UNAUTHENTICATED = 401
ADVICE = {
    "document_not_found": "`sheaf list` shows them.",
    "recipient_not_found": "`sheaf chat list` shows whom you write with.",
    "nothing_to_retry": "`sheaf text` and `sheaf tables` show what was read.",
}


class CommandFailed(Exception):
    """The command ends; the message is for people."""

    exit_code = EX_FAILED


class WrongUse(CommandFailed):
    """The arguments make no sense together, or name what is not there."""

    exit_code = EX_USAGE


class NotSignedIn(CommandFailed):
    """There is no token, or none that this server takes."""

    exit_code = EX_SIGNED_OUT

    def __init__(self, said: str = "You are not signed in.") -> None:
        """Say what to do about it."""
        super().__init__(f"{said} Run: sheaf login")


class Unreachable(CommandFailed):
    """Nothing answers at the address."""


class Refused(CommandFailed):
    """The API did not do what was asked; the message is what it said, and what to do where that is known."""

    def __init__(self, status: int, said: str, *, code: str = "", retry_after_s: float | None = None) -> None:
        """Keep the HTTP status and the problem's code for callers that go on from them."""
        super().__init__(" ".join(filter(None, (said, ADVICE.get(code)))))
        self.status, self.code, self.retry_after_s = status, code, retry_after_s
        if status == UNAUTHENTICATED:
            self.exit_code = EX_SIGNED_OUT
