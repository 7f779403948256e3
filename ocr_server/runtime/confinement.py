"""Confinement: what worker processes cannot do, even one that a hostile file has taken over.

It is set once in the fork server and inherited by all that it starts, Tesseract too: no new
privileges, and a filter of system calls (seccomp) by libseccomp, a library of the system.

Source: prctl(2), seccomp(2), seccomp_init(3), seccomp_rule_add(3).
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Mapping

# Numbers of linux/prctl.h and seccomp.h.
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
SCMP_ACT_ALLOW, SCMP_ACT_ERRNO = 0x7FFF0000, 0x00050000
SCMP_FLTATR_CTL_SSB = 7

LIBSECCOMP = "libseccomp.so.2"
# Sockets of any kind, also by io_uring, which filters do not see; the memory and files of other
# processes of the same user. A connected pair of sockets, as two processes share, is allowed.
FORBIDDEN_CALLS = (
    "socket", "io_uring_setup", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
)  # fmt: skip
# Beginnings of the names of environment variables that workers have; what else an operator sets,
# keys and tokens among it, they do not. Coverage measures tests.
VARIABLES = (
    "COVERAGE_", "GLIBC_TUNABLES", "HOME", "LANG", "LC_", "LD_", "MALLOC_", "OMP_", "OPENBLAS_",
    "OPENCV_", "ORT_", "PATH", "PYTHON", "TESSDATA_PREFIX", "TMPDIR", "TZ", "VIRTUAL_ENV",
)  # fmt: skip


def environment_of_workers(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of an environment that workers may know: `VARIABLES`."""
    return {name: text for name, text in environment.items() if name.startswith(VARIABLES)}


def confine() -> str:
    """Confine this process and all that it starts; return why it still has the network, or ""."""
    try:
        _prctl(PR_SET_NO_NEW_PRIVS, 1)
        _forbid_calls()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def hide_memory() -> None:
    """Keep this process's memory and environment from other processes of the same user.

    Only root can read its files in /proc from then on, and it leaves no core dump.

    Raises:
        OSError: a sandbox refuses it.
    """
    _prctl(PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    arguments = map(ctypes.c_ulong, (value, 0, 0, 0))
    if ctypes.CDLL(None, use_errno=True).prctl(option, *arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _forbid_calls() -> None:
    """Have the kernel refuse `FORBIDDEN_CALLS` with EACCES.

    Raises:
        OSError: libseccomp is not installed, or the kernel or a sandbox takes no filter.
    """
    try:
        library = ctypes.CDLL(LIBSECCOMP)
    except OSError as error:
        raise OSError(errno.ENOENT, f"{LIBSECCOMP} is not installed") from error
    library.seccomp_init.restype = ctypes.c_void_p
    filter_ = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(SCMP_ACT_ALLOW)))
    refusal = ctypes.c_uint32(SCMP_ACT_ERRNO | errno.EACCES)
    try:
        # Else kernels before 5.16 switch off speculative stores, which slows all work down.
        library.seccomp_attr_set(filter_, SCMP_FLTATR_CTL_SSB, ctypes.c_uint32(1))
        for name in FORBIDDEN_CALLS:
            number = library.seccomp_syscall_resolve_name(name.encode())
            _check(library.seccomp_rule_add(filter_, refusal, number, 0))
        _check(library.seccomp_load(filter_))
    finally:
        library.seccomp_release(filter_)


def _check(result: int) -> None:
    if result < 0:
        raise OSError(-result, os.strerror(-result))
