"""How many rows each of several studies contributes to a fit, and why one contributes none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from grokscale.studies.laws.rows import columns
from grokscale.studies.laws.rows.left_out import left_out
from grokscale.studies.laws.rows.sorting import Rows


def contributions(table: pa.Table, rows: Rows) -> dict[str, Any]:
    """Return each study's trials and how many of them are rows of the likelihood; empty where there is one study.

    Args:
        table: trials of one study or several.
        rows: the same, sorted.
    """
    if columns.STUDY not in table.column_names:
        return {}
    own = columns.words(table, columns.STUDY).astype(str)
    found = {}
    for study in dict.fromkeys(own.tolist()):
        chosen = own == study
        n = int((chosen & rows.inside).sum())
        found[study] = {"rows": int(chosen.sum()), "n": n}
        if not n:
            found[study]["reason"] = left_out(rows, chosen)
    return found


def warnings(studies: Mapping[str, Any]) -> Iterator[str]:
    """Say which studies give no row."""
    for study, one in studies.items():
        if not one["n"]:
            yield f"study {study} gives no row: {one['reason']}"
