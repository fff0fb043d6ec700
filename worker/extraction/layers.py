"""The kernel's protections around a process that reads foreign files, each taken where this kernel has it.

Without glibc wrappers: Landlock's system calls have the same numbers on every architecture (kernel documentation,
userspace-api/landlock). The numbers of `prctl`, `unshare` and the capability header are from linux/prctl.h,
linux/sched.h and linux/capability.h.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

SANDBOX_ID = 65533  # Not `nobody`: the embedded Postgres of a root installation runs as that.

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
CAPABILITY_VERSION_3 = 0x20080522

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_RULE_PATH_BENEATH = 1
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
FILE_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # ABI version → how many of the file rights it knows.
ALL_TCP, ALL_SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals.

_libc = ctypes.CDLL(None, use_errno=True)


def forbid_new_privileges() -> None:
    _call(_libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with_parent(signal: int) -> None:
    _call(_libc.prctl, PR_SET_PDEATHSIG, signal, 0, 0, 0)


def hide_memory() -> None:
    """Let no process of the same user trace this one."""
    _call(_libc.prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)


def cut_network(*, as_user: bool = False) -> bool:
    """Move into an empty network namespace; `as_user` works without root, but not in every container."""
    return _taken(lambda: _call(_libc.unshare, CLONE_NEWNET | (CLONE_NEWUSER if as_user else 0)))


def become_nobody() -> bool:
    """Take an unprivileged user's id if this is root and that user could still read all that is loaded."""
    return os.geteuid() == 0 and _rehearsed(_drop_uid) and _taken(_drop_uid)


def drop_capabilities() -> bool:
    """Give up root's special rights for good, unless what is loaded is readable only through them."""
    return _rehearsed(_clear_capabilities) and _taken(_clear_capabilities)


class Landlock:
    """A set of file rules: below `readable` files may be read and run, everything else is out of reach.

    Where the kernel knows it, TCP, abstract sockets and signals to processes outside are refused as well. Each process
    that calls `restrict` is a domain of its own, which its siblings cannot trace or signal.
    """

    def __init__(self, readable: Iterable[Path]) -> None:
        """Raises OSError where the kernel has no Landlock."""
        self.abi = _call(_libc.syscall, LANDLOCK_CREATE_RULESET, None, 0, 1)
        rights = (1 << FILE_RIGHTS_BY_ABI.get(self.abi, 16)) - 1
        tcp, scopes = ALL_TCP if self.abi >= 4 else 0, ALL_SCOPES if self.abi >= 6 else 0
        fields = struct.pack("=QQQ", rights, tcp, scopes)[: 24 if scopes else 16 if tcp else 8]
        self._rules = _call(_libc.syscall, LANDLOCK_CREATE_RULESET, fields, len(fields), 0)
        for path in readable:
            self._allow(path)

    def restrict(self) -> None:
        """Hold this process and its later children to the rules."""
        _call(_libc.syscall, LANDLOCK_RESTRICT_SELF, self._rules, 0)

    def _allow(self, path: Path) -> None:
        try:
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return  # What is not there or not readable needs no permission.
        rights = EXECUTE | READ_FILE | (READ_DIR if path.is_dir() else 0)
        rule = struct.pack("=Qi", rights, beneath)
        try:
            _call(_libc.syscall, LANDLOCK_ADD_RULE, self._rules, LANDLOCK_RULE_PATH_BENEATH, rule, 0)
        finally:
            os.close(beneath)


def _call(function: Callable[..., int], *arguments: object) -> int:
    """Call into the C library with long-sized numbers; raises OSError."""
    given = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    result = function(*given)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _taken(step: Callable[[], object]) -> bool:
    try:
        step()
    except OSError:
        return False
    return True


def _rehearsed(step: Callable[[], object]) -> bool:
    """Say whether a process that took this step could still read every module that is loaded, by trying it in a fork.

    Modules read data files beside them while they work, as pdfminer does with its character maps.
    """
    pid = os.fork()
    if pid == 0:
        os._exit(0 if _taken(step) and _modules_readable() else 1)
    return os.waitpid(pid, 0)[1] == 0


def _modules_readable() -> bool:
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return all(os.access(file, os.R_OK) for file in files if file and Path(file).is_absolute())


def _drop_uid() -> None:
    os.setgroups([])
    os.setresgid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID)
    os.setresuid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID)


def _clear_capabilities() -> None:
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    _call(_libc.capset, header, bytes(24))
