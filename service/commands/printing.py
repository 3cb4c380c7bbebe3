"""Prints tables and sentences on standard output: framed on a terminal, else as aligned text."""

from __future__ import annotations

import json as jsonlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from grokscale.service.commands.lines import result_lines


@dataclass(frozen=True, slots=True)
class Columns:
    """A table: its title, the heads of its columns, and its rows."""

    title: str
    heads: list[str]
    rows: list[list[str]]


def print_table(table: Columns) -> None:
    """Print a table; a pipe gets aligned columns without frame or colour, whatever its width."""
    if sys.stdout.isatty():
        framed = Table(title=table.title, title_justify="left")
        for head in table.heads:
            framed.add_column(head, justify="right", overflow="fold")
        for row in table.rows:
            framed.add_row(*row)
        Console(markup=False, highlight=False).print(framed)
        return
    print("\n".join(plain_lines(table)))


def plain_lines(table: Columns) -> list[str]:
    """Return a table as lines of aligned text."""
    widths = [max(map(len, cells)) for cells in zip(table.heads, *table.rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in [table.heads, *table.rows]
    ]
    return [table.title, *lines, ""]


def print_answer(found: Mapping[str, Any], tables: Sequence[Columns] = (), *, json: bool) -> None:
    """Print an object of the interface as JSON, or as tables and the sentences and warnings of its result."""
    if json:
        print_json(found)
    else:
        print_result(found.get("result", found), tables)


def print_json(found: Mapping[str, Any]) -> None:
    """Print an object of the interface."""
    print(jsonlib.dumps(found, indent=2))


def print_result(found: Mapping[str, Any], tables: Sequence[Columns] = ()) -> None:
    """Print tables, then the sentences and warnings of their result."""
    for table in tables:
        print_table(table)
    print("\n".join(result_lines(found)))
