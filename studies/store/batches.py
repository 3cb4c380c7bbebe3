"""What was planned, as rows: a whole study, or the next batch of an adaptive search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, insert, select
from uuid_utils import uuid7

from studies.store import packs
from studies.store.locks import held
from studies.store.models import Configuration, Pack, Trial
from studies.store.records import Lease

if TYPE_CHECKING:
    from studies.plan import Plan


def extend(connection: Connection, lease: Lease, batch: Plan) -> bool:
    """See `Store.extend`."""
    study = held(connection, lease)
    mine = Configuration.study_id == study.id
    known = connection.execute(select(func.count()).select_from(Configuration).where(mine)).scalar_one()
    if study.state != "running" or known != batch.trials[0].configuration:
        return False
    last = connection.execute(select(func.max(Pack.number)).where(Pack.study_id == study.id)).scalar_one()
    insert_plan(connection, study.id, batch, first_pack=last + 1)
    return True


def insert_plan(connection: Connection, study_id: str, plan: Plan, first_pack: int) -> None:
    """Write the packs, configurations and trials of a plan, its packs numbered from `first_pack` on."""
    rows = [
        packs.row(study_id, first_pack + p.number, p.members, plan.prune_after, cut_for=plan.side_by_side)
        for p in plan.packs
    ]
    connection.execute(insert(Pack), rows)
    configs = {trial.configuration: trial.config for trial in plan.trials}
    connection.execute(
        insert(Configuration),
        [{"study_id": study_id, "number": number, "config": config} for number, config in configs.items()],
    )
    number = {index: first_pack + pack.number for pack in plan.packs for index in pack.members}
    trials = [
        {
            "id": str(uuid7()),
            "study_id": study_id,
            "index": trial.index,
            "configuration": trial.configuration,
            "seed": trial.seed,
            "data_id": identity.data_id,
            "stream_id": identity.stream_id,
            "pack": number[trial.index],
        }
        for trial, identity in zip(plan.trials, plan.identities, strict=True)
    ]
    connection.execute(insert(Trial), trials)
