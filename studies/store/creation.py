"""Studies are created some rows at a time, so that other writers get their turn in between.

The study's row comes first, in the state `creating`, which hides it and everything under it. The last transaction
makes it `queued` and writes its first event. Its Idempotency-Key is reserved from the beginning, and answered once
the study is visible. Every transaction renews the lease of the process that creates the study. If that process is
killed, or hangs, the next sweep (`studies.store.removal`) hides the study for good, frees the key and removes the
rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, insert, select, text, update
from uuid_utils import uuid7

from grokscale.studies.lifecycle import WAITING
from grokscale.studies.store import batches, descriptions, events, leases, locks, removal, secrets, studies
from grokscale.studies.store.errors import AlreadySubmitted, CreationLost, TooMuchWaits
from grokscale.studies.store.functions import Now
from grokscale.studies.store.models import Study
from grokscale.studies.store.records import Idempotency, IdempotencyRecord, Quota, StudyRecord
from grokscale.trainers.tasks import registry

if TYPE_CHECKING:
    from grokscale.studies.plan import Plan
    from grokscale.studies.spec import StudySpec


def begin(
    connection: Connection,
    spec: StudySpec,
    plan: Plan,
    versions: Mapping[str, Any],
    idempotency: Idempotency | None,
    quota: Quota | None,
    seconds: float,
) -> str:
    """Write the row of a study that is still hidden, and reserve its key; return its id."""
    # before the limits: a repetition makes no second study
    if idempotency is not None and (used := _used(connection, idempotency)) is not None:
        raise AlreadySubmitted(used)
    caller = None if quota is None else secrets.hashed(connection, quota.caller)
    if quota is not None and caller is not None:
        locks.take_turns(connection, caller)
        _check(connection, quota, caller, plan.total)
    study_id = str(uuid7())
    described = descriptions.keep(connection, registry.described()[spec.task.kind])
    row = _row(study_id, spec, plan, versions) | {"caller": caller, "lease_seconds": seconds, "description": described}
    connection.execute(insert(Study).values(**row, created=Now()))
    if idempotency is not None:
        studies.remember(connection, idempotency, study_id)
    return study_id


def go_on(connection: Connection, study_id: str, piece: batches.Piece) -> None:
    """Write some more rows of a study that is still hidden."""
    _change(connection, study_id, {"renewals": Study.renewals + 1})
    batches.write(connection, piece)


def publish(connection: Connection, study_id: str) -> StudyRecord:
    """Make a study visible whose rows are all written."""
    _change(connection, study_id, locks.FREE | {"state": "queued", "token": 0, "renewals": 0})
    events.append(connection, study_id, "state", [{"state": "queued", "previous": None, "reason": None}])
    return studies.get(connection, study_id)


def give_up(connection: Connection, study_id: str) -> None:
    """Hide a study for good and free its key; one that is visible already, or gone, is left alone."""
    removal.hide(connection, (Study.id == study_id) & (Study.state == "creating"))


def _used(connection: Connection, idempotency: Idempotency) -> IdempotencyRecord | None:
    return studies.recall(connection, idempotency.caller, idempotency.route, idempotency.key)


def analyse(connection: Connection) -> None:
    """Have PostgreSQL update its statistics of the new rows now; it would do so by itself only minutes later.

    Until then it takes a new study for empty, and joins its trials to its configurations one by one.
    """
    connection.execute(text("ANALYZE gs_pack, gs_configuration, gs_trial"))


def _change(connection: Connection, study_id: str, values: Mapping[str, Any]) -> None:
    mine = update(Study).where(Study.id == study_id, Study.state == "creating")
    if connection.execute(mine.values(**values)).rowcount == 0:
        raise CreationLost(study_id)


def _check(connection: Connection, quota: Quota, caller: str, trials: int) -> None:
    waiting = (Study.caller == caller) & Study.state.in_(sorted(WAITING | {"creating"}))
    counts = select(func.count(), func.coalesce(func.sum(Study.total), 0)).where(waiting)
    waiting_studies, all_trials = connection.execute(counts).one()
    if waiting_studies + 1 > quota.studies:
        raise TooMuchWaits("studies", quota.studies, int(waiting_studies), 1)
    if all_trials + trials > quota.trials:
        raise TooMuchWaits("trials", quota.trials, int(all_trials), trials)


def _row(study_id: str, spec: StudySpec, plan: Plan, versions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": study_id,
        "name": spec.name,
        "state": "creating",
        "tags": list(spec.tags),
        "priority": spec.priority,
        "task": spec.task.kind,
        "spec": spec.canonical(),
        "spec_hash": spec.hash(),
        "versions": versions,
        "total": plan.total,
        "by_outcome": {},
        "losses": 0,
        "event_seq": 0,
        "token": 0,
        "runner_id": leases.SERVICE,
    }
