"""What can be left out of an installation, and what says that it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Extra = Literal["laws", "search", "server"]


class ExtraNeeded(ModuleNotFoundError):
    """What was asked for needs more than is installed; the message says which extra of `grokscale` brings it."""


@contextmanager
def extra(name: Extra) -> Iterator[None]:
    """Import what an extra brings.

    Raises:
        ExtraNeeded: it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "grokscale":
            raise  # a fault of ours, which no installation mends
        message = f"{error.name} is not installed, and is needed for this: `pip install 'grokscale[{name}]'`"
        raise ExtraNeeded(message, name=error.name) from None
