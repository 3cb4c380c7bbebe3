"""The machine: what it is, how a section is held to one core of it, and how fast that core multiplies matrices."""

from __future__ import annotations

import datetime
import os
import platform
import re
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
"""Environment of a section on one core; the libraries read it when they are imported."""

LIBRARIES = ("torch", "numpy", "scipy", "numba", "jax", "ray")
SIZE = 1024
"""Rows of the matrices whose product is the measured peak: 8 MB each, 2 SIZE^3 flops."""


def pin() -> None:
    """Hold this process to one core, the last that it may use: interrupts and daemons prefer the first."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def description() -> str:
    """Return the machine, the versions and the date as Markdown lines."""
    libraries = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return "\n".join(
        [
            f"- {_cpu()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB of memory, {platform.system()}",
            f"- Python {platform.python_version()}, {libraries}",
            f"- {datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        ]
    )


def _cpu() -> str:
    model, clock = (_processor(key) for key in ("model name", "cpu MHz"))
    return f"{model or platform.machine()}" + (f" at {float(clock) / 1000:.2f} GHz" if clock else "")


def _processor(key: str) -> str | None:
    found = re.search(rf"^{key}\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else None


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


def dgemm() -> dict[str, Callable[[], Callable[[], np.ndarray]]]:
    """Return a square matrix product by numpy's and by torch's BLAS, as contenders: the faster is the peak."""
    import numpy as np
    import torch

    a = np.random.default_rng(0).standard_normal((SIZE, SIZE))
    out, tensor = np.empty_like(a), torch.as_tensor(a)
    result = torch.empty_like(tensor)
    return {
        "dgemm, numpy": lambda: lambda: np.matmul(a, a, out=out),
        "dgemm, torch": lambda: lambda: torch.mm(tensor, tensor, out=result).numpy(),
    }


def peak(seconds: float) -> float:
    """Return the flops per second of a product that took so long."""
    return 2 * SIZE**3 / seconds
