"""Why nothing was saved, or brought back."""


class BackupFailed(Exception):
    """The message is for people."""
