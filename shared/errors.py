"""The one tree of errors: each has a stable code and a sentence; the HTTP numbers live in `api/errors.py`."""

from typing import ClassVar


class SheafError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str | None = None, *, retry_after: float | None = None) -> None:
        """Take the sentence for this one case; without it the class docstring speaks.

        `retry_after` says in how many seconds another try is worth while, where that is known.
        """
        self.detail = detail or self.title()
        self.retry_after = retry_after
        super().__init__(self.detail)

    @classmethod
    def title(cls) -> str:
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0].rstrip(".")


class Invalid(SheafError):
    """The request is not valid."""

    code = "invalid"


class InvalidField(Invalid):
    """A field of the request is not valid."""

    code = "validation_error"

    def __init__(self, pointer: str, detail: str) -> None:
        """`pointer` names the field as an RFC 6901 JSON pointer, such as `/pages`."""
        super().__init__(detail)
        self.pointer = pointer


class Unauthenticated(SheafError):
    """Sign in first."""

    code = "unauthenticated"


class Forbidden(SheafError):
    """Your account may not do this."""

    code = "forbidden"


class NotFound(SheafError):
    """There is no such thing here."""

    code = "not_found"


class Conflict(SheafError):
    """This contradicts what is already here."""

    code = "conflict"


class TooLarge(SheafError):
    """This is larger than allowed."""

    code = "too_large"


class TooManyRequests(SheafError):
    """You asked for more than your share; try again later."""

    code = "too_many_requests"
    retryable = True


class Unavailable(SheafError):
    """A part of this installation is not available; try again soon."""

    code = "unavailable"
    retryable = True


class StorageFull(SheafError):
    """There is no space left for this file."""

    code = "storage_full"
    retryable = True


class QuotaExceeded(StorageFull):
    """Your own storage is full."""

    code = "quota_exceeded"
    retryable = False
