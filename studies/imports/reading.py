"""From the bytes of a table to its columns: CSV, Parquet, or the rows of a JSON document.

Columns come out as whole numbers, numbers or texts. A CSV file does not say which: a column of which every cell reads
as a number is one of numbers. Truth values are the texts `true` and `false` in all three.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from grokscale.studies.documents import MOST, FieldProblem, SpecError, from_json, show
from grokscale.studies.imports.errors import TableError, cell, refuse

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
JSON = "application/json"

MOST_COLUMNS = 500
_MISSING = ["", "nan", "NaN", "NAN", "null", "NULL", "NA", "N/A", "#N/A"]
_TRUTH = {"true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false"}
_WHOLE, _REAL = pa.int64(), pa.float64()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of a table as it came.

    Attributes:
        table: columns of whole numbers, numbers and texts, with what the file says of itself as metadata.
        loose: the file has nothing but text, so that a text may stand for a number.
    """

    table: pa.Table
    loose: bool = False


def from_csv(content: bytes, most_rows: int) -> Sheet:
    """Read CSV: UTF-8, commas, the names of the columns in the first line.

    Raises:
        TableError: it is none, or has too many rows.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    names, lines = _header(content)
    bad: list[FieldProblem] = []

    def wrong_length(row: pyarrow.csv.InvalidRow) -> str:
        if len(bad) <= MOST:
            at = f"row {row.number - lines}: " if row.number is not None else ""
            message = f"{at}{row.actual_columns} cells; accepted: {row.expected_columns}, as the first line has names"
            bad.append(FieldProblem("", message))
        return "skip"

    if not b"".join(content.split(b"\n", lines)[lines:]).strip():
        raise TableError([FieldProblem("", "no row; accepted: one a run, below the line of names")])
    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(content),
            pyarrow.csv.ReadOptions(column_names=names, skip_rows=lines, use_threads=False, block_size=1 << 22),
            pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=wrong_length),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=_MISSING
            ),
        )
    except pa.ArrowInvalid as error:
        raise _unreadable("CSV", error) from None
    refuse(bad)
    _bounded(names, len(table), most_rows)
    columns = {name: _inferred(table.column(name)) for name in names}
    if "" in columns and columns[""].equals(pa.chunked_array([range(len(table))], _WHOLE)):
        del columns[""]  # the row numbers that pandas writes
    return Sheet(pa.table(columns), loose=True)


def from_parquet(content: bytes, most_rows: int) -> Sheet:
    """Read Parquet. What is packed may be far larger than the file: see `bounded`.

    Raises:
        TableError: it is none, has too many rows, or a column that holds neither numbers nor texts.
    """
    try:
        file = pyarrow.parquet.ParquetFile(pa.BufferReader(content))
        _bounded(file.schema_arrow.names, file.metadata.num_rows, most_rows)
        return typed(file.read(use_threads=False))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise _unreadable("Parquet", error) from None


def from_document(content: bytes, most_rows: int) -> tuple[Sheet, dict[str, Any]]:
    """Read a JSON object: its `rows`, and what it says beside them.

    Raises:
        TableError: it is none, or has too many rows.
    """
    try:
        document = from_json(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise TableError([FieldProblem("", f"not readable as JSON: {error}")]) from None
    except UnicodeDecodeError as error:
        raise TableError([FieldProblem("", f"not readable as UTF-8: {error}")]) from None
    except SpecError as error:
        raise TableError(error.problems) from None
    if not isinstance(document, dict):
        raise TableError([FieldProblem("", f"{show(document)} is refused; accepted: an object with name and rows")])
    rows = document.pop("rows", None)
    if not isinstance(rows, list):
        raise TableError([FieldProblem("/rows", f"{show(rows)} is refused; accepted: a list of objects, one a run")])
    return from_rows(rows, most_rows), document


def from_rows(rows: Sequence[Any], most_rows: int) -> Sheet:
    """Read rows, each a mapping from columns to values; a column that one leaves out is missing there.

    Raises:
        TableError: with every value that is neither a number nor a text, in a row that is named.
    """
    if strange := [i for i, row in enumerate(rows) if not isinstance(row, Mapping)][: MOST + 1]:
        accepted = "accepted: an object, columns to values"
        raise TableError(FieldProblem(f"/rows/{i}", f"{show(rows[i])} is refused; {accepted}") for i in strange)
    names = list(dict.fromkeys(name for row in rows for name in row))
    _bounded(names, len(rows), most_rows)
    problems: list[FieldProblem] = []
    columns = {name: _of_values(name, [row.get(name) for row in rows], problems) for name in names}
    refuse(problems)
    return Sheet(pa.table(columns))


def typed(table: pa.Table) -> Sheet:
    """Return an Arrow table with columns of whole numbers, numbers and texts.

    Raises:
        TableError: a column holds anything else.
    """
    problems: list[FieldProblem] = []
    columns = []
    for name in table.column_names:
        try:
            columns.append(_plain(table.column(name)))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            kind = table.column(name).type
            problems.append(cell(0, name, f"a column of {kind}; accepted: numbers or texts"))
    refuse(problems)
    return Sheet(pa.table(columns, names=table.column_names, metadata=table.schema.metadata))


def _header(content: bytes) -> tuple[list[str], int]:
    """Return the names of the columns, and the lines that they take."""
    try:
        reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""))
        names = next(reader, [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable("CSV", error) from None
    if not names:
        raise TableError([FieldProblem("", "no column; accepted: the names of the columns in the first line")])
    return [name.strip() for name in names], reader.line_num


def _bounded(names: Sequence[str], rows: int, most_rows: int) -> None:
    problems = []
    if rows > most_rows:
        problems.append(FieldProblem("", f"{rows} rows; accepted: up to {most_rows}, the largest study"))
    if not rows:
        problems.append(FieldProblem("", "no row; accepted: one a run"))
    if len(names) > MOST_COLUMNS:
        problems.append(FieldProblem("", f"{len(names)} columns; accepted: up to {MOST_COLUMNS}"))
    twice = [name for name, count in Counter(names).items() if count > 1]
    problems += [FieldProblem("", f"the column {show(name)} is there twice; accepted: once") for name in twice]
    refuse(problems)


def _unreadable(form: str, error: Exception) -> TableError:
    said = str(error).partition("\n")[0][:300]
    return TableError([FieldProblem("", f"not readable as {form}: {said}")])


def _inferred(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of a CSV file as numbers where every cell is one."""
    if texts.null_count == len(texts):
        return texts.cast(_REAL)
    trimmed = pa.chunked_array([[None if text is None else text.strip() for text in texts.to_pylist()]], pa.string())
    for kind in (_WHOLE, _REAL):
        try:
            return trimmed.cast(kind)
        except pa.ArrowInvalid:
            continue
    words = {*texts.unique().to_pylist()} - {None}
    return _truth(texts) if words <= {*_TRUTH} else texts


def _truth(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([[_TRUTH.get(word) for word in texts.to_pylist()]], pa.string())


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_null(kind):
        return column.cast(_REAL)
    if pa.types.is_boolean(kind):
        return column.cast(pa.string())
    if pa.types.is_integer(kind):
        return column.cast(_WHOLE)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = column.cast(_REAL).to_numpy()
        return pa.chunked_array([pa.array(values, from_pandas=True)])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    raise pa.ArrowInvalid(str(kind))


def _of_values(name: str, values: list[Any], problems: list[FieldProblem]) -> pa.Array:
    values = [None if isinstance(value, float) and math.isnan(value) else value for value in values]
    known = [value for value in values if value is not None]
    if all(isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 for value in known):
        return pa.array(values, _WHOLE if known else _REAL)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return pa.array([None if value is None else _real(value) for value in values], _REAL)
    problems += _neither(name, values)
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _neither(name: str, values: Iterable[Any]) -> list[FieldProblem]:
    accepted = "accepted: a number, a text or null"
    nested = (list,) if name == "ladder" else (list, dict)  # a ladder may be the object that files have as text
    strange = [i for i, value in enumerate(values) if isinstance(value, nested)]
    return [cell(i, name, f"not a single value; {accepted}") for i in strange[: MOST + 1]]


def _real(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
