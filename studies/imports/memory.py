"""Memory that a part of a process may take beside what it has: a file of a kilobyte can unpack to terabytes."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATM = Path("/proc/self/statm")


@contextmanager
def bounded(more: int) -> Iterator[None]:
    """Have what would take more than so many further bytes of address space raise `MemoryError` (on Linux).

    For a process that does nothing else meanwhile.
    """
    if not _STATM.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = int(_STATM.read_text(encoding="ascii").split()[0]) * resource.getpagesize() + more
    known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([most, *known]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
