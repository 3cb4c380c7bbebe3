"""What a section answers with, and how it is written in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """One table: rows of cells that are already text, and what has to be said of them."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """Return the table under its title, the notes below it."""
        lines = [_line(self.columns), _line(["---", *["---:"] * (len(self.columns) - 1)]), *map(_line, self.rows)]
        paragraphs = [f"### {self.title}", "\n".join(lines), *self.notes]
        return "\n\n".join(paragraphs) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def figure(value: float) -> str:
    """Return three significant digits, without an exponent from 0.001 to below a million."""
    if value == 0 or not 1e-3 <= abs(value) < 1e6:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def share(value: float) -> str:
    """Return a fraction in percent."""
    return f"{100 * value:.1f} %"


def at_least(value: float, goal: float) -> str:
    """Return a goal for a ratio, and whether it is met."""
    return f"≥ {goal:,g}× {_met(value >= goal)}"


def at_least_share(value: float, goal: float) -> str:
    """Return a goal for a fraction from below, and whether it is met."""
    return f"≥ {100 * goal:g} % {_met(value >= goal)}"


def at_most_share(value: float, goal: float) -> str:
    """Return a goal for a fraction from above, and whether it is met."""
    return f"≤ {100 * goal:g} % {_met(value <= goal)}"


def at_most_seconds(value: float, goal: float) -> str:
    """Return a goal for a time, and whether it is met."""
    return f"≤ {goal:g} s {_met(value <= goal)}"


def at_most_ms(value: float, goal: float) -> str:
    """Return a goal for a time in milliseconds, and whether it is met."""
    return f"≤ {goal:g} ms {_met(value <= goal)}"


def _met(yes: bool) -> str:
    return "met" if yes else "**not met**"
