"""Runs a command of a user: gives it the server it speaks to, and says in one sentence why it failed."""

import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from cli.client.credentials import find_credentials
from cli.client.errors import EX_FAILED, EX_INTERRUPTED, CommandFailed
from cli.client.server import Server
from cli.client.signing import Signer

EX_PIPE = 141  # As a shell reports a program that SIGPIPE ended.


def run(command: Callable[..., int], *arguments: Any, **options: Any) -> int:
    """Return the exit code of a command that needs no sign-in."""
    try:
        code = command(*arguments, **options)
        sys.stdout.flush()
    except CommandFailed as failure:
        print(f"sheaf: {failure}", file=sys.stderr)
        return failure.exit_code
    except BrokenPipeError:
        leave(EX_PIPE)
    except OSError as error:
        print(f"sheaf: {error}", file=sys.stderr)
        return EX_FAILED
    except KeyboardInterrupt:
        leave(EX_INTERRUPTED)
    return code


def run_signed_in(command: Callable[..., int], *arguments: Any, **options: Any) -> int:
    """Return the exit code of a command whose first argument is the server."""

    def signed_in() -> int:
        found = find_credentials()
        with Server(found.url, Signer(found)) as server:
            return command(server, *arguments, **options)

    return run(signed_in)


def leave(code: int) -> NoReturn:
    """End at once: threads that wait for the server would hold up an orderly end for as long as it answers."""
    sys.stderr.flush()
    os._exit(code)
