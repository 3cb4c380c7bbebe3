"""Compiling kernels once a machine: who needs one that another process is at waits for it, or compiles another.

A process that compiles a kernel holds the lock of a file beside its machine code; the kernel of the system frees it
however the process ends. The file's time is when that began, and its text how many seconds it took the last time.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Thread
from timeit import repeat

from grokscale.trainers.kernels import Kernel, missing

LANES = 2
"""Processes side by side that have something to do: each kernel of a chain waits for the one before."""
_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 300.0
"""Without a kernel more in all this time, whoever is at them is frozen: then this process compiles them itself."""
_OVERDUE = 0.1
"""Part of its time that a kernel is taken to need still, once it has taken it all."""
_PROBE, _PROBE_SECONDS = "sum(i * i for i in range(20_000))", 9e-4
"""A statement, and how long it takes on the machine by which `Kernel.seconds` goes."""


def prepare(kernels: Sequence[Kernel]) -> None:
    """Load kernels, and compile those that nobody has compiled and nobody is at; return when all are loaded."""
    waits = 0.0
    while waits < _PATIENCE_SECONDS and (left := missing(kernels)):
        if any(_compiled(kernel) for kernel in left if not missing(kernel.after)):
            waits = 0.0
        else:
            time.sleep(_LOOK_SECONDS)
            waits = waits + _LOOK_SECONDS if len(missing(kernels)) == len(left) else 0.0
    for kernel in kernels:
        kernel.load()


def prepared(kernels: Sequence[Kernel], every: float) -> Iterator[float]:
    """Prepare kernels in a thread of its own; yield every so many seconds about how many more it takes."""
    if all(kernel.loaded for kernel in kernels):
        return
    done: Future[None] = Future()
    Thread(target=_settle, args=(done, kernels), name="preparing", daemon=True).start()
    pause = 0.0 if missing(kernels) else every
    while not wait((done,), pause).done:
        yield seconds_left(kernels)
        pause = every
    done.result()


def seconds_left(kernels: Sequence[Kernel]) -> float:
    """Return about how long it takes until all are compiled, by as many processes as find something to do."""
    slowness = _slowness(kernels)
    left = {kernel: _left(kernel, slowness) for kernel in missing(kernels)}

    def chain(kernel: Kernel) -> float:
        return left.get(kernel, 0.0) + max(map(chain, kernel.after), default=0.0)

    lanes = min(LANES, os.cpu_count() or 1)
    return max(sum(left.values()) / lanes, *map(chain, left)) if left else 0.0


def _settle(done: Future[None], kernels: Sequence[Kernel]) -> None:
    try:
        prepare(kernels)
        done.set_result(None)
    except BaseException as error:
        done.set_exception(error)


def _compiled(kernel: Kernel) -> bool:
    """Compile a kernel, unless another process is at it; return whether it is compiled now."""
    with _alone(kernel) as alone:
        if alone and not kernel.ready:
            begun = time.monotonic()
            _begin(kernel)
            kernel.load()
            _note(kernel, time.monotonic() - begun)
        return alone


# -- the files ---------------------------------------------------------------------------------------------------------


def _path(kernel: Kernel) -> Path:
    return (kernel.dispatcher.directory or Path(os.devnull)) / f"{kernel.name}.lock"


@contextmanager
def _alone(kernel: Kernel) -> Iterator[bool]:
    """Hold a kernel's lock; yield False where another process has it. Where nothing can be locked everyone is alone."""
    try:
        file = os.open(_path(kernel), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield True
        return
    try:
        yield _lock(file)
    finally:
        os.close(file)


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)  # ENOLCK: a file system that cannot
    return True


def _begin(kernel: Kernel) -> None:
    with suppress(OSError):
        os.utime(_path(kernel))


def _note(kernel: Kernel, seconds: float) -> None:
    with suppress(OSError):
        _path(kernel).write_text(f"{seconds:.2f}", encoding="ascii")


# -- how long ----------------------------------------------------------------------------------------------------------


def _left(kernel: Kernel, slowness: float) -> float:
    """Return about how long a kernel still takes that is not compiled."""
    whole = _noted(kernel) or slowness * kernel.seconds
    return max(whole - _spent(kernel), _OVERDUE * whole)


def _slowness(kernels: Sequence[Kernel]) -> float:
    """Return how much longer kernels take here than they say: as it was before, or is already; else as a statement."""
    noted = {kernel: seconds for kernel in kernels if (seconds := _noted(kernel)) is not None}
    before = sum(noted.values()) / sum(kernel.seconds for kernel in noted) if noted else _probe()
    return max([before, *(_spent(kernel) / kernel.seconds for kernel in missing(kernels))])


def _noted(kernel: Kernel) -> float | None:
    """Return how long a kernel took the last time."""
    try:
        return float(_path(kernel).read_text(encoding="ascii"))
    except (OSError, ValueError):  # nobody has compiled it, or nobody to the end
        return None


def _spent(kernel: Kernel) -> float:
    """Return how long whoever holds a kernel's lock has been at it; 0 where nobody does."""
    with _alone(kernel) as alone:
        try:
            return 0.0 if alone else max(0.0, time.time() - _path(kernel).stat().st_mtime)
        except OSError:
            return 0.0


@cache
def _probe() -> float:
    return min(repeat(_PROBE, number=1, repeat=5)) / _PROBE_SECONDS
