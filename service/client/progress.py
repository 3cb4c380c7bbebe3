"""Shows a study's progress: as a bar on a terminal, else as a line now and then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINES = 10
"""Number of lines, in all, if there is no terminal."""


class Show(Protocol):
    """A function that is called with each new state of a study."""

    def __call__(self, study: Mapping[str, Any]) -> None:
        """Show a study object."""
        ...


@contextmanager
def showing(wanted: bool) -> Iterator[Show]:
    """Yield a function that shows a study's progress on standard error, or does nothing."""
    console = Console(stderr=True)
    if not wanted:
        yield lambda study: None
    elif console.is_terminal:
        with _bar(console) as show:
            yield show
    else:
        yield _Lines(console)


@contextmanager
def _bar(console: Console) -> Iterator[Show]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("trials"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[rest]}"), console=console) as progress:
        task = progress.add_task("", total=None, rest="")

        def show(study: Mapping[str, Any]) -> None:
            done = study["progress"]
            progress.update(
                task, description=_label(study), total=done["total"], completed=done["ended"], rest=_rest(done)
            )

        yield show


class _Lines:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.shown: tuple[Any, ...] = ()

    def __call__(self, study: Mapping[str, Any]) -> None:
        done = study["progress"]
        mark = (study["state"], done["ended"] * LINES // max(done["total"], 1), bool(done.get("preparing")))
        if mark != self.shown:
            self.shown = mark
            line = f"{_label(study)}: {done['ended']}/{done['total']} trials {_rest(done)}"
            self.console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)


def _label(study: Mapping[str, Any]) -> str:
    return f"{study['name'][:40]} ({study['state']})"


def _rest(progress: Mapping[str, Any]) -> str:
    eta = progress["eta_seconds"]
    left = "" if eta is None else f"about {eta:.0f} s left"
    preparing = progress.get("preparing")  # a server of an earlier version has none
    if preparing is None:
        return left
    return f"preparing, about {preparing['seconds_left']:.0f} s" + (f"; {left} in all" if left else "")
