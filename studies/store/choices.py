"""A filter of trials as SQL: which rows, and in which order. It is checked against the fields that the study has."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, func, inspect, or_, select

from grokscale.studies.store.errors import InvalidFilter, NotFound
from grokscale.studies.store.functions import Number
from grokscale.studies.store.models import VISIBLE, Configuration, Study, Trial
from grokscale.studies.store.records import TrialFilter
from grokscale.studies.vocabulary import PENDING
from grokscale.trainers.trial import OutcomeWord, Value

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
    """Which rows (those of `source` for which `where` holds), and the key that orders them; equal keys go by the
    index.
    """

    source: FromClause
    where: ColumnElement[bool]
    key: ColumnElement[Any]
    kind: type
    descending: bool

    @property
    def order(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """The ORDER BY."""
        return self.key.desc() if self.descending else self.key.asc(), Trial.index.asc()

    def select(self, *columns: Any) -> Select[*tuple[Any, ...]]:
        """Return a statement over the chosen rows, in their order."""
        return select(*columns).select_from(self.source).where(self.where).order_by(*self.order)

    def after(self, key: Any, index: int) -> ColumnElement[bool]:
        """The rows that come after the one with this key and index."""
        beyond = self.key < key if self.descending else self.key > key
        return or_(beyond, and_(self.key == key, Trial.index > index))


def choose(connection: Connection, study_id: str, filter: TrialFilter) -> Chosen:
    """Return a filter as SQL.

    Raises:
        NotFound: no such study.
        InvalidFilter: an unknown outcome, sort or field, or a field that is not a number.
    """
    fields = _fields(connection, study_id)
    where = [Trial.study_id == study_id]
    if filter.outcomes:
        where.append(_outcomes(filter.outcomes))
    for field, (lowest, highest) in filter.ranges.items():
        _check(field, fields, "filter")
        where.append(Trial.configuration.in_(_inside(study_id, field, lowest, highest)))
    descending = filter.sort.startswith("-")
    name = filter.sort.removeprefix("-")
    source: FromClause = inspect(Trial).local_table
    if name in _SORTS:
        column, kind = _SORTS[name], str if name == "outcome" else int
    else:
        _check(name, fields, "sort")
        values = _values(study_id, name)
        source = source.join(values, values.c.number == Trial.configuration)
        column, kind = values.c.value, float
    key = column if name in {"index", "seed"} else func.coalesce(column, _LAST[kind][descending])
    return Chosen(source, and_(*where), key, kind, descending)


def _fields(connection: Connection, study_id: str) -> dict[str, Value]:
    first = select(Configuration.config).where(Configuration.study_id == study_id)
    first = first.order_by(Configuration.number).limit(1).scalar_subquery()
    row = connection.execute(select(Study.id, first.label("config")).where(Study.id == study_id, VISIBLE)).first()
    if row is None:
        raise NotFound("study", study_id)
    return row.config or {}


def _check(field: str, fields: dict[str, Value], use: str) -> None:
    numeric = [name for name, value in fields.items() if value is None or type(value) in {int, float}]
    if field not in numeric:
        problem = "is not a number" if field in fields else "no such field"
        raise InvalidFilter(field, problem, [*_SORTS, *numeric] if use == "sort" else numeric)


def _outcomes(words: tuple[str, ...]) -> ColumnElement[bool]:
    unknown = [word for word in words if word not in _WORDS]
    if unknown:
        raise InvalidFilter("outcome", f"{unknown[0]!r} is not an outcome", _WORDS)
    pending = [Trial.outcome.is_(None)] if PENDING in words else []
    return or_(*pending, Trial.outcome.in_([word for word in words if word != PENDING]))


def _inside(study_id: str, field: str, lowest: float | None, highest: float | None) -> Select[int]:
    value = Number(Configuration.config, field)
    bounds = [value.is_not(None)]
    bounds += [value >= _bound(field, lowest)] if lowest is not None else []
    bounds += [value <= _bound(field, highest)] if highest is not None else []
    return select(Configuration.number).where(Configuration.study_id == study_id, *bounds)


def _bound(field: str, value: float) -> float:
    try:
        bound = float(value)
    except OverflowError:  # an integer beyond the doubles
        return math.inf if value > 0 else -math.inf
    if math.isnan(bound):
        raise InvalidFilter(field, "NaN is not a bound")
    return bound


def _values(study_id: str, field: str) -> Any:
    """Return a field's value by configuration, read once per configuration and not once per trial."""
    value = Number(Configuration.config, field).label("value")
    values = select(Configuration.number, value).where(Configuration.study_id == study_id)
    return values.cte("field").prefix_with("MATERIALIZED")
