"""The one place where a study's state changes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select, update

from grokscale.studies import lifecycle
from grokscale.studies.lifecycle import ENDED, Event, RanElsewhere, State
from grokscale.studies.store import commits, events, packs
from grokscale.studies.store.errors import NotEnded
from grokscale.studies.store.functions import Now
from grokscale.studies.store.locks import FREE, Locked
from grokscale.studies.store.models import Study, Trial
from grokscale.trainers.tasks.description import IMPORTED


def change(connection: Connection, study: Locked, event: Event, reason: str | None = None) -> State:
    """Apply an event to a locked study; return the state that holds afterwards.

    Raises:
        ImpossibleTransition: the state does not allow it.
        RanElsewhere: nothing allows it.
        NotEnded: `complete` while trials have no outcome.
    """
    refuse_imported(study, event)
    state = lifecycle.after(study.state, event)
    if state == study.state:
        return state
    _prepare(connection, study, event, state)
    if reason is None and state in ENDED:
        reason = _all_failed(connection, study)
    compared = update(Study).where(Study.id == study.id, Study.state == study.state, Study.token == study.token)
    written = connection.execute(compared.values(state=state, reason=reason, **_stamps(state)))
    assert written.rowcount == 1, f"study {study.id} changed under its lock"
    announcement = {"state": state, "previous": study.state, "reason": reason}
    events.append(connection, study.id, "state", [announcement])
    study.state = state
    return state


def refuse_imported(study: Locked, event: Event) -> None:
    """Raise `RanElsewhere` for a study of imported runs."""
    if study.task == IMPORTED:
        raise RanElsewhere(study.state, event)


def _all_failed(connection: Connection, study: Locked) -> str | None:
    """Return the reason to state for a study that came to its end although every trial that ended has failed."""
    if not study.ended or study.by_outcome.get("failed") != study.ended:
        return None
    first = select(Trial.index, Trial.error).where(Trial.study_id == study.id, Trial.outcome == "failed")
    index, error = connection.execute(first.order_by(Trial.index).limit(1)).one()
    said = (error or {}).get("message") or "no message"
    of = f"all {study.total}" if study.ended == study.total else f"all {study.ended} that ended of {study.total}"
    return f"{of} trials failed; trial {index}: {str(said)[:_SAID]}"


_SAID = 300
"""Length to which a trial's error is repeated in a study's reason."""


def _prepare(connection: Connection, study: Locked, event: Event, state: State) -> None:
    """Bring trials and packs into the condition that the new state implies."""
    if event == "complete" and study.ended < study.total:
        raise NotEnded(f"study {study.id} has {study.total - study.ended} trials without an outcome")
    if state == "cancelled":
        commits.cancel(connection, study)
    if event == "retry":
        packs.revive(connection, study)
    if state in ENDED or state == "paused":
        packs.rest(connection, study.id)


def _stamps(state: State) -> dict[str, Any]:
    if state == "running":
        return {"started": func.coalesce(Study.started, Now())}
    if state == "queued":
        return {"ended": None}
    if state in ENDED:
        return {"ended": Now(), **FREE}
    return FREE if state == "paused" else {}
