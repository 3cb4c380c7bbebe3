"""A table of finished runs as it goes to the server."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from math import isnan
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokscale.extras import extra
from grokscale.service.client.errors import InvalidArgument
from grokscale.service.client.plain import encoded, plain, words
from grokscale.service.client.specification import JSON, Document

if TYPE_CHECKING:
    import pyarrow as pa

    Table = str | os.PathLike[str] | Sequence[Mapping[str, Any]] | pa.Table | Any
    """Finished runs: the path of a CSV or Parquet file, rows, an Arrow table, or a DataFrame."""

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"
_OF_FILES = {".csv": CSV, ".parquet": PARQUET, ".pq": PARQUET}
_LISTS = ("tags", "data", "ignore")
_OF_TASK = ("rate", "data", "error", "train_threshold", "test_threshold", "steps_per_unit")


def table_document(table: Table, said: Mapping[str, Any]) -> tuple[Document, dict[str, Any]]:
    """Return a table as it is sent, and the parameters beside it: rows are JSON, which says it all itself.

    Args:
        table: a path (a file is read once), rows, an Arrow table, or a DataFrame of pandas or polars.
        said: beside it, None for what is not.

    Raises:
        InvalidArgument: it is none of these.
        OSError: the file cannot be read.
    """
    beside = _plain(said)
    if isinstance(table, (str, os.PathLike)):
        return _file(Path(table)), _parameters(beside)
    if isinstance(table, Sequence) and not isinstance(table, (bytes, bytearray)):
        task = {name: beside.pop(name) for name in _OF_TASK if name in beside}
        return Document(encoded({**beside, "task": task, "rows": [*map(_row, table)]}), JSON), {}
    return Document(_parquet(table), PARQUET), _parameters(beside)


def name_of(table: Table) -> str | None:
    """Return the name that a study has which is given none: that of its file, without its ending."""
    return Path(table).stem if isinstance(table, (str, os.PathLike)) else None


def _row(row: Any) -> Any:
    """Return a row with null for nan, which is how numpy and pandas write what is missing."""
    if not isinstance(row, Mapping):
        return row
    return {name: None if isinstance(value, Real) and isnan(value) else value for name, value in row.items()}


def _plain(said: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in said.items() if value is not None}
    listed = {name: words(given[name], name) for name in _LISTS if name in given}
    return {name: plain(value, (name,)) for name, value in (given | listed).items()}


def _parameters(beside: Mapping[str, Any]) -> dict[str, Any]:
    renamed = beside.get("rename")
    if renamed is None:
        return {name: value if value != [] else "" for name, value in beside.items()}
    if not isinstance(renamed, dict):
        raise InvalidArgument(f"/rename: {renamed!r} is refused; accepted: a mapping, columns to their new names")
    pairs = [f"{old}={new}" for old, new in renamed.items()]
    return _parameters({name: value for name, value in beside.items() if name != "rename"}) | {"rename": pairs}


def _file(path: Path) -> Document:
    media = _OF_FILES.get(path.suffix.lower())
    if media is None:
        raise InvalidArgument(f"{path}: the ending says what it is; accepted: {', '.join(_OF_FILES)}")
    return Document(path.read_bytes(), media)


def _parquet(table: Any) -> bytes:
    with extra("laws"):
        import pyarrow as pa
        import pyarrow.parquet
    try:
        # an index of pandas is no column of the runs
        of_pandas = type(table).__module__.partition(".")[0] == "pandas"
        made = pa.Table.from_pandas(table, preserve_index=False) if of_pandas else pa.table(table)
        whole = io.BytesIO()
        pyarrow.parquet.write_table(made, whole)
    except (TypeError, ValueError, AttributeError, pa.ArrowException) as error:
        accepted = "accepted: a path, rows as mappings, an Arrow table, or a DataFrame"
        raise InvalidArgument(f"a {type(table).__name__} is no table of runs ({error}); {accepted}") from None
    return whole.getvalue()
