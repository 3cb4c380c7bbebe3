"""A fit of a family of models as a record: what was asked, of which rows, by which code, and the answer."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import uuid_utils

from grokscale.studies import roles
from grokscale.studies.fits.repeats import HELD_AGAINST, Once, once
from grokscale.studies.laws import STUDY, FamilyFit, Request, TooLittle, fit_family, used_rows
from grokscale.studies.laws.answer import contributions
from grokscale.studies.laws.answer.cautions import chosen_by_outcome
from grokscale.studies.laws.rows.responses import observe
from grokscale.studies.spec.rules import ADAPTIVE
from grokscale.studies.store import FitRecord, Idempotency, NotFound, Store, TrialFilter


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fit that is asked for.

    Attributes:
        request: the models and how they are fitted.
        studies: ids of further studies whose trials are fitted with it, each a level of the factor `study`.
        where: numeric field of the configuration to (lowest, highest), both inclusive, None for an open end.
    """

    request: Request
    studies: tuple[str, ...] = ()
    where: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)


def make(
    store: Store,
    study_id: str,
    wanted: Wanted,
    versions: Mapping[str, str],
    *,
    fit: Callable[[pa.Table, Request], FamilyFit] = fit_family,
    idempotency: Idempotency | None = None,
) -> FitRecord:
    """Fit and store.

    Args:
        store: where the trials are and the fit goes.
        study_id: the study that the fit belongs to.
        wanted: what is asked.
        versions: of the code and libraries that fit.
        fit: does what `fit_family` does, perhaps elsewhere.
        idempotency: the key under which it was asked for.

    Returns:
        The record. Its result counts the rows of the same run that were left out (`counted_out.repeated`).

    Raises:
        NotFound: no such study.
        LawError: see `fit_family`; no trial of any of the studies meets the filter.
        InvalidFilter: `where` names a field that the studies do not have.
        AlreadySubmitted: the key was used before.
    """
    tables = _tables(store, study_id, wanted)
    absent = {each: _none_of(store, each, wanted) for each, table in tables if not len(table)}
    if len(absent) == len(dict(tables)):
        raise TooLittle(absent[study_id]["reason"], {"rows": 0})
    table, repeated = _joined(store, wanted, tables)
    if wanted.studies:
        absent |= _repeated(tables, table)
    found = fit(table, wanted.request)
    result = found.result
    if wanted.studies:
        result |= {"studies": result["studies"] | absent}
    searches = {store.study(each).spec["search"]["kind"] for each in (study_id, *wanted.studies)}
    chosen = [chosen_by_outcome(one) for one in ADAPTIVE if one in searches]
    record = FitRecord(
        id=str(uuid_utils.uuid7()),
        study_id=study_id,
        created=datetime.now(UTC),
        request={
            **asdict(wanted.request),
            "studies": [study_id, *wanted.studies],
            "where": {name: list(ends) for name, ends in wanted.where.items()},
        },
        versions=dict(versions),
        rows_hash=_hash(found.rows),
        result=result
        | {
            "counted_out": {**result["counted_out"], "repeated": repeated.dropped},
            "warnings": [*chosen, *contributions.warnings(absent), *_warnings(repeated), *result["warnings"]],
        },
    )
    store.add_fit(record, _parquet(found.rows), idempotency)
    return record


def is_stale(store: Store, record: FitRecord) -> bool:
    """Return whether the same request would meet other rows now: trials ended since, or a study is gone."""
    wanted = _wanted(record)
    try:
        table, _ = _joined(store, wanted, _tables(store, record.study_id, wanted))
    except NotFound:
        return True
    # a later version may know more columns: those that the fit knew are compared
    known = pyarrow.parquet.read_schema(io.BytesIO(store.fit_rows(record.id))).names
    if not set(known) <= set(table.column_names):
        return True
    return _hash(used_rows(table, wanted.request).select(known)) != record.rows_hash


def _wanted(record: FitRecord) -> Wanted:
    asked: dict[str, Any] = dict(record.request)
    studies, where = asked.pop("studies"), asked.pop("where")
    tuples: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()}
    return Wanted(Request(**tuples), tuple(studies[1:]), {name: (ends[0], ends[1]) for name, ends in where.items()})


Tables = list[tuple[str, pa.Table]]
"""The trials of each study that is named, as often as it is."""


def _tables(store: Store, study_id: str, wanted: Wanted) -> Tables:
    """Return the trials of each study that meet the filter; with several, a column says whose they are."""
    chosen = TrialFilter(ranges=wanted.where)
    tables = [(each, store.table(each, chosen)) for each in (study_id, *wanted.studies)]
    if not wanted.studies:
        return tables
    return [(each, table.append_column(STUDY, pa.array([each] * len(table), pa.string()))) for each, table in tables]


def _joined(store: Store, wanted: Wanted, tables: Tables) -> tuple[pa.Table, Once]:
    """Return the trials of all studies, one row a run."""
    kinds = {
        name: table.schema.field(name).type
        for _, table in tables
        for name in table.column_names
        if table.column(name).null_count < len(table)
    }
    alike = [_typed(table, kinds) for _, table in tables]
    # a field that only one study has is null in the others; whole numbers in one may be fractions in another
    table = pa.concat_tables([one.replace_schema_metadata() for one in alike], promote_options="permissive")
    table = table.replace_schema_metadata(roles.joined([one for _, one in tables]))
    if not wanted.studies:
        return table, Once(np.ones(len(table), dtype=bool), 0)
    request = wanted.request
    own = HELD_AGAINST.get(request.response, ()) if request.threshold is None else ()
    budgets = {each: store.study(each).spec["budget"] for each, _ in tables}
    held_against = [
        json.dumps([budgets[each][name] for name in own]) for each, some in tables for _ in range(len(some))
    ]
    numbers = {budget: number for number, budget in enumerate(dict.fromkeys(held_against))}
    observed = observe(table, request.response, request.threshold)
    found = once(table, observed, np.array([numbers[budget] for budget in held_against], dtype=np.intp))
    return table.filter(pa.array(found.kept)), found


def _typed(table: pa.Table, kinds: Mapping[str, pa.DataType]) -> pa.Table:
    for i, name in enumerate(table.column_names):
        if table.column(name).null_count == len(table) and name in kinds:
            table = table.set_column(i, name, pa.nulls(len(table), kinds[name]))
    return table


def _none_of(store: Store, study_id: str, wanted: Wanted) -> dict[str, Any]:
    """Return what a study gives of which no trial meets the filter, as `contributions` has the others."""
    total = store.study(study_id).progress.total
    ends = ", ".join(f"{name} {_within(*ends)}" for name, ends in wanted.where.items())
    return {"rows": 0, "n": 0, "reason": f"none of its {total} trials has {ends}" if total else "it has no trials yet"}


def _repeated(tables: Tables, table: pa.Table) -> dict[str, dict[str, Any]]:
    """Return what the studies give of whose rows none was kept, since other studies have the same runs."""
    kept = set(table.column(STUDY).to_pylist())
    why = "each of its trials is a run that another of the studies has"
    return {each: {"rows": len(some), "n": 0, "reason": why} for each, some in tables if len(some) and each not in kept}


def _within(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"up to {high:g}" if high is not None else "at all" if low is None else f"from {low:g}"
    return f"from {low:g} to {high:g}"


def _warnings(repeated: Once) -> list[str]:
    if not repeated.contradictions:
        return []
    return [
        f"{repeated.contradictions} rows contradict another row of the same data and configuration: of each such run "
        "the row of the study named first is taken"
    ]


def _hash(rows: pa.Table) -> str:
    text = io.BytesIO()
    pyarrow.csv.write_csv(rows, text)
    return hashlib.sha256(text.getvalue()).hexdigest()


def _parquet(rows: pa.Table) -> bytes:
    whole = io.BytesIO()
    pyarrow.parquet.write_table(rows, whole)
    return whole.getvalue()
