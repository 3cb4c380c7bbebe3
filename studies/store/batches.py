"""Trials with their configurations and packs as rows: those of a study some at a time, those of a proposed batch all
at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, func, insert, select
from uuid_utils import uuid7

from grokscale.studies.store import packs
from grokscale.studies.store.locks import held
from grokscale.studies.store.models import Base, Configuration, Pack, Trial
from grokscale.studies.store.records import Lease

if TYPE_CHECKING:
    from grokscale.studies.plan import Plan

AT_ONCE = 2_000
"""Trials or configurations written in one transaction, which takes a tenth of a second."""
_PACKS_AT_ONCE = 40
"""Packs written in one transaction; each has up to 512 members."""

Piece = tuple[type[Base], list[dict[str, Any]]]
"""Rows of one table: as many as can be written without delaying other writers."""


def extend(connection: Connection, lease: Lease, batch: Plan) -> bool:
    """See `Store.extend`."""
    study = held(connection, lease)
    mine = Configuration.study_id == study.id
    known = connection.execute(select(func.count()).select_from(Configuration).where(mine)).scalar_one()
    if study.state != "running" or known != batch.trials[0].configuration:
        return False
    last = connection.execute(select(func.max(Pack.number)).where(Pack.study_id == study.id)).scalar_one()
    for piece in pieces(study.id, batch, first_pack=last + 1):
        write(connection, piece)
    return True


def write(connection: Connection, piece: Piece) -> None:
    """Insert some rows."""
    table, rows = piece
    connection.execute(insert(table), rows)


def pieces(study_id: str, plan: Plan, first_pack: int) -> Iterator[Piece]:
    """Yield the packs, configurations and trials of a plan, its packs numbered from `first_pack` on."""
    yield from _pieces(Pack, _packs(study_id, plan, first_pack), _PACKS_AT_ONCE)
    yield from _pieces(Configuration, _configurations(study_id, plan), AT_ONCE)
    yield from _pieces(Trial, _trials(study_id, plan, first_pack), AT_ONCE)


def _pieces(table: type[Base], rows: Iterable[dict[str, Any]], most: int) -> Iterator[Piece]:
    rows = iter(rows)
    while some := list(islice(rows, most)):
        yield table, some


def _packs(study_id: str, plan: Plan, first_pack: int) -> Iterator[dict[str, Any]]:
    for pack in plan.packs:
        number = first_pack + pack.number
        yield packs.row(study_id, number, pack.members, plan.prune_after, cut_for=plan.side_by_side)


def _configurations(study_id: str, plan: Plan) -> Iterator[dict[str, Any]]:
    before = None
    for trial in plan.trials:  # by configuration
        if trial.configuration != before:
            before = trial.configuration
            yield {"study_id": study_id, "number": before, "config": trial.config}


def _trials(study_id: str, plan: Plan, first_pack: int) -> Iterator[dict[str, Any]]:
    first = plan.trials[0].index
    number = _numbers(plan, first)
    for trial, identity in zip(plan.trials, plan.identities, strict=True):
        yield {
            "id": str(uuid7()),
            "study_id": study_id,
            "index": trial.index,
            "configuration": trial.configuration,
            "seed": trial.seed,
            "data_id": identity.data_id,
            "stream_id": identity.stream_id,
            "pack": first_pack + int(number[trial.index - first]),
        }


def _numbers(plan: Plan, first: int) -> np.ndarray:
    """Return the number of each trial's pack, by index from the first one on."""
    number = np.empty(len(plan.trials), np.int64)
    for pack in plan.packs:
        number[np.asarray(pack.members) - first] = pack.number
    return number
