"""A filter on system calls: no network, no other process, nothing that reaches another one.

Installed with the kernel's own interface, for every thread of the process; it cannot be taken
off again.  What is refused fails with an error, as if permission were lacking.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from pathlib import Path

# Per machine: the kernel's name of it, and the numbers of the calls.
_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7
_SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}
_ARCHITECTURE = {"x86_64": _X86_64, "aarch64": _AARCH64}
_REFUSED = {
    "x86_64": {
        "socket": 41, "socketpair": 53, "connect": 42, "bind": 49, "fork": 57, "vfork": 58,
        "execve": 59, "execveat": 322, "ptrace": 101, "process_vm_readv": 310,
        "process_vm_writev": 311, "tkill": 200, "rt_sigqueueinfo": 129,
        "rt_tgsigqueueinfo": 297, "pidfd_open": 434, "pidfd_send_signal": 424,
        "pidfd_getfd": 438, "unshare": 272, "setns": 308, "mount": 165, "bpf": 321,
        "perf_event_open": 298, "io_uring_setup": 425, "add_key": 248, "keyctl": 250,
        "userfaultfd": 323,
    },
    "aarch64": {
        "socket": 198, "socketpair": 199, "connect": 203, "bind": 200, "execve": 221,
        "execveat": 281, "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271,
        "tkill": 130, "rt_sigqueueinfo": 138, "rt_tgsigqueueinfo": 240, "pidfd_open": 434,
        "pidfd_send_signal": 424, "pidfd_getfd": 438, "unshare": 97, "setns": 268, "mount": 40,
        "bpf": 280, "perf_event_open": 241, "io_uring_setup": 425, "add_key": 217,
        "keyctl": 219, "userfaultfd": 282,
    },
}  # fmt: skip
# Allowed for the process itself: number of the process in the first argument, or 0.
_OWN_ONLY = {
    "x86_64": {"kill": 62, "tgkill": 234, "prlimit64": 302},
    "aarch64": {"kill": 129, "tgkill": 131, "prlimit64": 261},
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_CLONE_THREAD = 0x10000
_X32 = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_SET_FILTER, _ALL_THREADS = 1, 1

Instruction = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def is_possible() -> bool:
    """Return whether this machine and its kernel are known to take the filter."""
    known = sys.platform == "linux" and platform.machine() in _ARCHITECTURE
    return known and sys.maxsize > 2**32 and Path("/proc/sys/kernel/seccomp").exists()


def install() -> bool:
    """Refuse network and processes from here on; return whether the kernel took the filter.

    ``PR_SET_NO_NEW_PRIVS`` must have been set, unless the process may administer the machine.
    """
    if not is_possible():
        return False
    machine = platform.machine()
    program = program_for(machine, os.getpid())
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    content = ctypes.create_string_buffer(packed, len(packed))
    given = _Program(len(program), ctypes.addressof(content))
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.syscall(
        ctypes.c_long(_SECCOMP_CALL[machine]),
        ctypes.c_ulong(_SET_FILTER),
        ctypes.c_ulong(_ALL_THREADS),
        ctypes.byref(given),
    )
    return int(done) == 0


def program_for(machine: str, pid: int) -> list[Instruction]:
    """Return the filter for one kind of machine and one process, as the kernel takes it."""
    refuse: Instruction = (_RETURN, 0, 0, _ERROR | errno.EPERM)
    allow: Instruction = (_RETURN, 0, 0, _ALLOW)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, _ARCHITECTURE[machine]),
        refuse,
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32), refuse]
    for number in _REFUSED[machine].values():
        program += [(_EQUAL, 0, 1, number), refuse]
    # The library then makes its threads with the older call, whose flags can be looked at.
    program += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)]
    program += [
        (_EQUAL, 0, 4, _CLONE[machine]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        refuse,
        allow,
    ]
    for number in _OWN_ONLY[machine].values():
        program += [
            (_EQUAL, 0, 5, number),
            (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
            (_EQUAL, 2, 0, pid),
            (_EQUAL, 1, 0, 0),
            refuse,
            allow,
        ]
    return [*program, allow]
