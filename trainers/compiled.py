"""numba's `njit`, cached, with a cache that knows that compiled modules call each other.

numba keeps machine code beside a module and makes it anew when that module changes, but not when one that it calls into
does: after an upgrade in place, old steps would go on running inside unchanged callers. Here a cache is as old as
the newest of all compiled modules. What compiled code takes from elsewhere, constants too, has to come as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, overload

import numba
from numba.core import config
from numba.core.caching import InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator

F = TypeVar("F", bound=Callable[..., Any])


@cache
def sources() -> bytes:
    """Return a digest of all modules of this package that hold compiled functions."""
    texts = [path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py"))]
    return sha256(b"\0".join(text for text in texts if b"njit" in text)).digest()


class _OfAllSources:
    def get_source_stamp(self) -> bytes:
        """Return what has to be the same for cached machine code to be taken."""
        return super().get_source_stamp() + sources()  # type: ignore[misc]


class InTree(_OfAllSources, InTreeCacheLocator):
    """Beside the module."""


class UserWide(_OfAllSources, UserWideCacheLocator):
    """In the user's cache directory."""


class UserProvided(_OfAllSources, UserProvidedCacheLocator):
    """Where NUMBA_CACHE_DIR says."""


_SETTING = "CACHE_LOCATOR_CLASSES"
_LOCATORS = ",".join(f"{__name__}.{one.__name__}" for one in (UserProvided, InTree, UserWide))


@contextmanager
def _locators(names: str) -> Iterator[None]:
    """Have numba look for caches by other classes for a moment: the setting is the process's, and not ours to keep."""
    settings = config.__dict__
    before = settings[_SETTING]
    settings[_SETTING] = names
    try:
        yield
    finally:
        settings[_SETTING] = before


@overload
def njit(function: F) -> F: ...
@overload
def njit(*, fastmath: Set[str] = ..., nogil: bool = ...) -> Callable[[F], F]: ...
def njit(function: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
    """Compile a function at its first call, as numba's decorator of that name does, with these of its options."""
    if function is None:
        return lambda function: njit(function, **options)
    with _locators(_LOCATORS):
        return numba.njit(cache=True, **options)(function)
