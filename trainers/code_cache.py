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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, UserWideCacheLocator

from grokscale.trainers import files

_NAMES = 100
"""Of directories that are tried: anybody can make some where all may."""
_DECORATED = re.compile(rb"^@(njit|kernel)\b", re.MULTILINE)


@cache
def sources() -> bytes:
    """Return a digest of all modules of this package that hold compiled functions."""
    texts = [path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py"))]
    return sha256(b"\0".join(text for text in texts if _DECORATED.search(text))).digest()


class _Own(UserWideCacheLocator):
    """Below some directory one that is this user's alone: code lies in pickles, and who writes them says what runs."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        super().__init__(function, file)
        self._below = self._root(file)

    def _root(self, file: str) -> Path | None:
        raise NotImplementedError

    def ensure_cache_path(self) -> None:
        """Make the directory; raise OSError where that cannot be."""
        if self._below is None:
            raise FileNotFoundError
        self._below.mkdir(parents=True, exist_ok=True)
        self._cache_path = str(_private(self._below) / self.get_suitable_cache_subpath(self._py_file))
        super().ensure_cache_path()


class _WhereToldTo(_Own):
    def _root(self, file: str) -> Path | None:
        told: str = config.CACHE_DIR  # type: ignore[attr-defined]
        return Path(told) if told else None


class _BesideModule(_Own):
    def _root(self, file: str) -> Path | None:
        return Path(file).parent / "__pycache__"


class _BelowHome(_Own):
    def _root(self, file: str) -> Path | None:
        return Path(self._cache_path).parent


class _AmongTemporary(_Own):
    def _root(self, file: str) -> Path | None:
        return Path(tempfile.gettempdir())


def _private(below: Path) -> Path:
    """Return this user's own directory in another one, the same for every process; it is made where there is none."""
    for number in range(_NAMES):
        path = below / f"grokscale-kernels-{os.geteuid()}{f'-{number}' if number else ''}"
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode) and not files.others(found):
            return path
    raise PermissionError(f"others have taken every name for a private directory in {below}")


class _Places(CompileResultCacheImpl):
    """Where NUMBA_CACHE_DIR says, beside the module, below the user's home, among temporary files: the first of them
    that can be written to, which every process of a user finds by itself.
    """

    _locator_classes = [_WhereToldTo, _BesideModule, _BelowHome, _AmongTemporary]  # noqa: RUF012


class _Files(IndexDataCacheFile):
    """An index of a function's code, and the code; a file that another user made or could have changed is none."""

    def save(self, key: Any, data: Any) -> None:
        """Write the code, then the index: the other way round, one that is killed leaves the name of stale code."""
        overloads = self._load_index()
        taken = set(overloads.values())
        name = overloads.get(key) or next(n for n in map(self._data_name, itertools.count(1)) if n not in taken)
        self._save_data(name, data)
        self._save_index({**overloads, key: name})

    def _load_index(self) -> dict[Any, str]:
        with suppress(Exception):  # a file that a power cut or a full disk has torn raises whatever unpickling may
            if _is_own(self._index_path):
                return super()._load_index()
        return {}

    def _load_data(self, name: str) -> Any:
        if not _is_own(self._data_path(name)):
            raise FileNotFoundError(name)
        return super()._load_data(name)

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[Any]:
        with super()._open_for_write(filepath) as file:
            os.fchmod(file.fileno(), 0o600)
            yield file

    def holds(self, key: Any) -> bool:
        """Return whether `load` would find something."""
        name = self._load_index().get(key)
        return name is not None and _is_own(self._data_path(name))


def _is_own(path: str) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and not files.others(found)


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
