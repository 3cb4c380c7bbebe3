"""Studies are created some rows at a time, so that other writers get their turn in between.

The study's row comes first, in the state `creating`, which hides it and everything under it. The last transaction
makes it `queued` and writes its first event. Its Idempotency-Key is reserved from the beginning, and answered once
the study is visible. Every transaction renews the lease of the process that creates the study. If that process is
killed, or hangs, the next sweep (`studies.store.removal`) hides the study for good, frees the key and removes the
rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from grokscale.trainers.tasks.description import Description

if TYPE_CHECKING:
    from grokscale.studies.plan import Plan
    from grokscale.studies.spec import StudySpec


@dataclass(frozen=True, slots=True)
class New:
    """What a study's row says when it is made.

    Attributes:
        spec: in canonical form, and its hash.
        description: of its task.
        total: trials.
        by_outcome: of those that have ended already.
    """

    name: str
    tags: tuple[str, ...]
    priority: int
    spec: Mapping[str, Any]
    spec_hash: str
    description: Description
    versions: Mapping[str, Any]
    total: int
    by_outcome: Mapping[str, int]

    @classmethod
    def of(cls, spec: StudySpec, plan: Plan, versions: Mapping[str, Any]) -> New:
        """Return what a specification says."""
        described = registry.described()[spec.task.kind]
        stated = (spec.name, spec.tags, spec.priority, spec.canonical(), spec.hash())
        return cls(*stated, described, versions, plan.total, {})


def begin(
    connection: Connection,
    spec: StudySpec,
    plan: Plan,
    versions: Mapping[str, Any],
    idempotency: Idempotency | None,
    quota: Quota | None,
    seconds: float,
) -> str:
    """Write the row of a study that is to run, see `reserve`."""
    return reserve(connection, New.of(spec, plan, versions), idempotency, quota, seconds)


def reserve(
    connection: Connection, new: New, idempotency: Idempotency | None, quota: Quota | None, seconds: float
) -> str:
    """Write the row of a study that is still hidden, and reserve its key; return its id."""
    # before the limits: a repetition makes no second study
    if idempotency is not None and (used := _used(connection, idempotency)) is not None:
        raise AlreadySubmitted(used)
    caller = None if quota is None else secrets.hashed(connection, quota.caller)
    if quota is not None and caller is not None:
        locks.take_turns(connection, caller)
        _check(connection, quota, caller, new.total)
    study_id = str(uuid7())
    described = descriptions.keep(connection, new.description)
    row = _row(study_id, new) | {"caller": caller, "lease_seconds": seconds, "description": described}
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
    return _show(connection, study_id, {"state": "queued", "reason": None})


def publish_ended(connection: Connection, study_id: str, reason: str) -> StudyRecord:
    """Make a study visible whose trials had all ended before it was written."""
    return _show(connection, study_id, {"state": "completed", "reason": reason}, {"ended": Now()})


def _show(
    connection: Connection, study_id: str, shown: Mapping[str, Any], stamps: Mapping[str, Any] | None = None
) -> StudyRecord:
    _change(connection, study_id, locks.FREE | {"token": 0, "renewals": 0, **shown, **(stamps or {})})
    events.append(
        connection, study_id, "state", [{"state": shown["state"], "previous": None, "reason": shown["reason"]}]
    )
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


def _row(study_id: str, new: New) -> dict[str, Any]:
    return {
        "id": study_id,
        "name": new.name,
        "state": "creating",
        "tags": list(new.tags),
        "priority": new.priority,
        "task": new.description.kind,
        "spec": new.spec,
        "spec_hash": new.spec_hash,
        "versions": new.versions,
        "total": new.total,
        "by_outcome": new.by_outcome,
        "losses": 0,
        "event_seq": 0,
        "token": 0,
        "runner_id": leases.SERVICE,
    }
