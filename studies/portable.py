"""Exceptions that can cross from one process into another."""

from __future__ import annotations

import copyreg
from typing import Any


class PortableError(Exception):
    """An exception that survives pickling, whatever its `__init__` takes.

    Pickle would call `__init__` with `args`, which is the message: that fails in whoever receives it, and a
    multiprocessing pool then waits for ever.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # pyright: ignore[reportAttributeAccessIssue]
