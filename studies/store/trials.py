"""Trials: one, a page of a list, and the statements that choose and order them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from studies.store import cursors, flat
from studies.store.errors import InvalidFilter, NotFound
from studies.store.functions import Number
from studies.store.models import Study, Trial
from studies.store.records import Page, TrialFilter, TrialRecord
from trainers.trial import OutcomeWord, Value

PENDING = "pending"
_WORDS = (*get_args(OutcomeWord), PENDING)
_SORTS: dict[str, Any] = {
    "index": Trial.index,
    "seed": Trial.seed,
    "outcome": Trial.outcome,
    "t1": Trial.t1_upper,
    "t2": Trial.t2_upper,
    "steps": Trial.steps,
}
# what stands for a missing value, ascending and descending: it comes last either way, on both databases
_LAST: dict[type, tuple[Any, Any]] = {
    int: (2**63 - 1, -(2**63)),
    float: (sys.float_info.max, -sys.float_info.max),
    str: ("~", ""),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter as SQL: which rows, and the key that orders them (then by index)."""

    where: ColumnElement[bool]
    key: ColumnElement[Any]
    kind: type
    descending: bool

    @property
    def order(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """The ORDER BY."""
        return self.key.desc() if self.descending else self.key.asc(), Trial.index.asc()

    def after(self, key: Any, index: int) -> ColumnElement[bool]:
        """The rows that come after the one with this key and index."""
        beyond = self.key < key if self.descending else self.key > key
        return or_(beyond, and_(self.key == key, Trial.index > index))


def get(connection: Connection, trial_id: str) -> TrialRecord:
    """See `Store.trial`."""
    row = connection.execute(select(Trial).where(Trial.id == trial_id)).mappings().first()
    if row is None:
        raise NotFound("trial", trial_id)
    return flat.record(row)


def page(
    connection: Connection, study_id: str, filter: TrialFilter, limit: int, cursor: str | None
) -> Page[TrialRecord]:
    """See `Store.trials`: one statement for the study and its fields, one for the page."""
    chosen = choose(connection, study_id, filter)
    seal = cursors.seal(study_id, sorted(set(filter.outcomes)), dict(filter.ranges), filter.sort)
    where = chosen.where
    if cursor is not None:
        where &= chosen.after(*cursors.decode(cursor, seal, chosen.kind, int))
    # the inner statement is answered by an index alone; only the rows of the page are read
    indices = select(Trial.index).where(where).order_by(*chosen.order).limit(limit + 1)
    statement = select(Trial, chosen.key.label("sort_key")).where(Trial.study_id == study_id, Trial.index.in_(indices))
    rows = connection.execute(statement.order_by(*chosen.order)).mappings().all()
    items = tuple(flat.record(row) for row in rows[:limit])
    more = len(rows) > limit
    return Page(items, cursors.encode(seal, rows[limit - 1]["sort_key"], items[-1].index) if more else None)


def choose(connection: Connection, study_id: str, filter: TrialFilter) -> Chosen:
    """Return a filter as SQL, checked against the fields of the study's configurations.

    Raises:
        NotFound: no such study.
        InvalidFilter: an unknown outcome, sort or field, or a field that is not a number.
    """
    fields = _fields(connection, study_id)
    where = [Trial.study_id == study_id]
    if filter.outcomes:
        where.append(_outcomes(filter.outcomes))
    for field, (lowest, highest) in filter.ranges.items():
        value = _number(field, fields, "filter")
        where += [value >= float(lowest)] if lowest is not None else []
        where += [value <= float(highest)] if highest is not None else []
        where.append(value.is_not(None))
    return Chosen(and_(*where), *_sort(filter.sort, fields))


def _fields(connection: Connection, study_id: str) -> dict[str, Value]:
    first = select(Trial.config).where(Trial.study_id == study_id).order_by(Trial.index).limit(1).scalar_subquery()
    row = connection.execute(select(Study.id, first.label("config")).where(Study.id == study_id)).first()
    if row is None:
        raise NotFound("study", study_id)
    return row.config or {}


def _outcomes(words: tuple[str, ...]) -> ColumnElement[bool]:
    unknown = [word for word in words if word not in _WORDS]
    if unknown:
        raise InvalidFilter("outcome", f"{unknown[0]!r} is not an outcome", _WORDS)
    ended = [word for word in words if word != PENDING]
    pending = [Trial.outcome.is_(None)] if PENDING in words else []
    return or_(*pending, *([Trial.outcome.in_(ended)] if ended else []))


def _sort(sort: str, fields: dict[str, Value]) -> tuple[ColumnElement[Any], type, bool]:
    name = sort.removeprefix("-")
    descending = sort.startswith("-")
    if name in _SORTS:
        column = _SORTS[name]
        kind = str if name == "outcome" else int
        if name in {"index", "seed"}:  # never missing
            return column, kind, descending
    else:
        column, kind = _number(name, fields, "sort"), float
    return func.coalesce(column, _LAST[kind][descending]), kind, descending


def _number(field: str, fields: dict[str, Value], use: str) -> ColumnElement[float]:
    numeric = [name for name, value in fields.items() if not isinstance(value, str)]
    if field not in numeric:
        problem = "is not a number" if field in fields else "no such field"
        raise InvalidFilter(field, problem, [*_SORTS, *numeric] if use == "sort" else numeric)
    return Number(Trial.config, field)
