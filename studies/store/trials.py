"""Reads one trial, or a page of a list of trials."""

from __future__ import annotations

from sqlalchemy import Connection, select

from grokscale.studies.store import cursors, flat
from grokscale.studies.store.choices import choose
from grokscale.studies.store.errors import NotFound
from grokscale.studies.store.models import CONFIGURATION, VISIBLE, Configuration, Study, Trial
from grokscale.studies.store.records import EVERY_TRIAL, Page, TrialFilter, TrialRecord

_whole = select(Trial, Configuration.config).join(*CONFIGURATION)


def get(connection: Connection, trial_id: str) -> TrialRecord:
    """See `Store.trial`."""
    of_a_study = _whole.join(Study, Study.id == Trial.study_id).where(Trial.id == trial_id, VISIBLE)
    row = connection.execute(of_a_study).mappings().first()
    if row is None:
        raise NotFound("trial", trial_id)
    return flat.record(row)


def page(
    connection: Connection, study_id: str, filter: TrialFilter, limit: int, cursor: str | None
) -> Page[TrialRecord]:
    """See `Store.trials`. One statement reads the study's fields, one the page's keys, and one the page's rows."""
    chosen = choose(connection, study_id, filter)
    seal = cursors.seal(study_id, sorted(set(filter.outcomes)), dict(filter.ranges), filter.sort)
    # an index alone answers this one; rows, wide as they are, are then read for the page only
    statement = chosen.select(Trial.index, chosen.key).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(chosen.after(*cursors.decode(cursor, seal, chosen.kind, int)))
    keys = connection.execute(statement).all()
    wanted = [index for index, _ in keys[:limit]]
    rows = connection.execute(_whole.where(Trial.study_id == study_id, Trial.index.in_(wanted))).mappings()
    by_index = {row["index"]: flat.record(row) for row in rows}
    following = cursors.encode(seal, keys[limit - 1][1], wanted[-1]) if len(keys) > limit else None
    return Page(tuple(by_index[index] for index in wanted), following)


def theory_reasons(connection: Connection, study_id: str) -> dict[str, dict[str, str]]:
    """See `Store.theory_reasons`."""
    chosen = choose(connection, study_id, EVERY_TRIAL)
    found = connection.execute(chosen.select(Trial.id, Trial.theory_reasons))
    return {row.id: row.theory_reasons for row in found if row.theory_reasons}
