"""Where machine code is kept, and when it is taken: a numba cache that knows that compiled modules call each other.

numba makes code anew when the module of a function changes, but not when one that it calls into does: after an upgrade
in place, old steps would go on running inside unchanged callers. Here a cache is as old as the newest of all compiled
modules. What compiled code takes from elsewhere, constants too, has to come as an argument.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)

_DECORATED = re.compile(rb"^@(njit|kernel)\b", re.MULTILINE)


@cache
def sources() -> bytes:
    """Return a digest of all modules of this package that hold compiled functions."""
    texts = [path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py"))]
    return sha256(b"\0".join(text for text in texts if _DECORATED.search(text))).digest()


class _Private(UserWideCacheLocator):
    """Among temporary files: for a user without a home, and a package that belongs to another one."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        super().__init__(function, file)
        self._root = Path(tempfile.gettempdir()) / f"grokscale-kernels-{os.geteuid()}"
        self._cache_path = str(self._root / self.get_suitable_cache_subpath(file))

    def ensure_cache_path(self) -> None:
        """Make the directory; raise OSError where somebody else could put code there."""
        with suppress(FileExistsError):
            self._root.mkdir(mode=0o700)
        found = self._root.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise PermissionError(f"{self._root} is not this user's alone")
        super().ensure_cache_path()


class _Places(CompileResultCacheImpl):
    """Where NUMBA_CACHE_DIR says, beside the module, below the user's home, among temporary files: the first of them
    that can be written to, which every process of a user finds by itself.
    """

    _locator_classes = [UserProvidedCacheLocator, InTreeCacheLocator, UserWideCacheLocator, _Private]  # noqa: RUF012


class _Files(IndexDataCacheFile):
    """An index of a function's code, and the code."""

    def save(self, key: Any, data: Any) -> None:
        """Write the code, then the index: the other way round, one that is killed leaves the name of stale code."""
        overloads = self._load_index()
        taken = set(overloads.values())
        name = overloads.get(key) or next(n for n in map(self._data_name, itertools.count(1)) if n not in taken)
        self._save_data(name, data)
        self._save_index({**overloads, key: name})

    def _load_index(self) -> dict[Any, str]:
        with suppress(Exception):  # a file that a power cut or a full disk has torn raises whatever unpickling may
            return super()._load_index()
        return {}

    def holds(self, key: Any) -> bool:
        """Return whether `load` would find something."""
        name = self._load_index().get(key)
        return name is not None and os.path.exists(self._data_path(name))


class CodeCache(FunctionCache):
    """The cache of one function. One that cannot be read, or written to, costs time and nothing else.

    Raises:
        RuntimeError: there is no place to keep anything.
    """

    _impl_class = _Places

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp(), sources()
        self._cache_file = _Files(self.cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code for these types; None: it has to be made."""
        with suppress(Exception):  # torn, as an index may be
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for these types."""
        with suppress(OSError):
            super().save_overload(sig, data)

    def holds(self, sig: Any, target_context: Any) -> bool:
        """Return whether the code for these types is there, made by whatever process."""
        return self._cache_file.holds(self._index_key(sig, target_context.codegen()))
