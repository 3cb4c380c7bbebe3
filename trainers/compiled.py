"""numba's compiler as this package uses it: `kernel` for what Python calls, `njit` for what only kernels call.

Both keep their machine code (`trainers.code_cache`). The kernels are listed in `trainers.kernels`, which has them
compiled before anyone's clock runs.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, overload

from numba.core import types
from numba.core.registry import CPUDispatcher

from grokscale.trainers.code_cache import CodeCache

F = TypeVar("F", bound=Callable[..., Any])


class Dispatcher(CPUDispatcher):
    """A function that is compiled for each tuple of types that it is called with."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        super().__init__(function, targetoptions={"nopython": True, "boundscheck": None, **options})
        with suppress(RuntimeError):  # nowhere to keep anything: every process compiles for itself
            self._cache = CodeCache(function)

    def compile(self, sig: Any) -> Any:
        """Make the function for some types, or take it from the cache."""
        # numba compiles once more for every literal argument, which a caller that inlines it has no use for
        return super().compile(tuple(map(types.unliteral, sig)) if isinstance(sig, tuple) else sig)

    @property
    def directory(self) -> Path | None:
        """Where the code is kept; None: nowhere."""
        return Path(self._cache.cache_path) if isinstance(self._cache, CodeCache) else None

    def keeps(self, sig: tuple[Any, ...]) -> bool:
        """Return whether the code for some types is kept."""
        return isinstance(self._cache, CodeCache) and self._cache.holds(sig, self.targetctx)


class _Inner(Dispatcher):
    """Without what Python needs to call a function, a sixth of the time that all of them take to compile."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        super().__init__(function, {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **options})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: the call would end the process."""
        raise TypeError(f"{self.py_func.__qualname__} can be called by compiled code alone; a `kernel` by Python too")


@overload
def njit(function: F) -> F: ...
@overload
def njit(*, fastmath: Set[str] = ...) -> Callable[[F], F]: ...
def njit(function: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
    """Compile a function that compiled code calls, with these of numba's options."""
    return _decorated(_Inner, function, options)


@overload
def kernel(function: F) -> F: ...
@overload
def kernel(*, fastmath: Set[str] = ..., nogil: bool = ...) -> Callable[[F], F]: ...
def kernel(function: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
    """Compile a function that Python calls, and compiled code may; it belongs into `trainers.kernels`."""
    return _decorated(Dispatcher, function, {"no_cfunc_wrapper": True, **options})


def _decorated(
    kind: type[Dispatcher], function: Callable[..., Any] | None, options: dict[str, Any]
) -> Callable[..., Any]:
    if function is None:
        return lambda function: _decorated(kind, function, options)
    return kind(function, options)
