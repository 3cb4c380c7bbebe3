"""Studies are removed some rows at a time, so that other writers get their turn in between.

A study that is deleted, or whose creation was given up, is hidden at once (state `deleting`), so that it is gone for
everybody. Any process that sweeps removes its rows afterwards; what a killed process leaves behind the next one
removes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, select, update

from grokscale.studies.store.leases import SERVICE, Held, held, still
from grokscale.studies.store.locks import FREE
from grokscale.studies.store.models import Configuration, Event, Fit, IdempotencyKey, Pack, Study, Trial

_ROWS = 2_000
_POINTS = 20_000
"""Rows, and points of curves, removed in one transaction, which takes some tenths of a second."""
_UNDER = ((Event, Event.seq), (Configuration, Configuration.number), (Pack, Pack.id), (Fit, Fit.id))


def hide(connection: Connection, which: ColumnElement[bool]) -> None:
    """Hide studies, and free their keys."""
    hidden = update(Study).where(which).values(**FREE | {"state": "deleting"}).returning(Study.id)
    for study_id in connection.execute(hidden).scalars().all():
        connection.execute(delete(IdempotencyKey).where(IdempotencyKey.study_id == study_id))


def in_pieces(connection: Connection) -> list[Held]:
    """Return the leases of the studies that services are creating or cancelling some rows at a time."""
    mine = Study.state.in_(("creating", "cancelling")) & (Study.runner_id == SERVICE)
    return held(connection, mine)


def let_go(connection: Connection, silent: Sequence[Held]) -> None:
    """Hide the studies whose creating process is dead; free the others, so that any process can cancel them."""
    for lease in silent:
        hide(connection, still(lease) & (Study.state == "creating"))
        connection.execute(update(Study).where(still(lease)).values(FREE))


def waits(connection: Connection) -> bool:
    """Return whether anything has to be removed."""
    return connection.execute(select(Study.id).where(Study.state == "deleting").limit(1)).first() is not None


def some(connection: Connection) -> None:
    """Remove some rows of one deleted study; when none is left, the row of the study itself."""
    going = select(Study.id).where(Study.state == "deleting").limit(1)
    study_id = connection.execute(going).scalar()
    if study_id is not None and not _under(connection, study_id):
        connection.execute(delete(Study).where(Study.id == study_id))


def _under(connection: Connection, study_id: str) -> bool:
    """Remove some rows that belong to a study; return whether there were any."""
    if trials := _some_trials(connection, study_id):
        connection.execute(delete(Trial).where(Trial.id.in_(trials)))
        return True
    for table, key in _UNDER:
        of_it = (table.study_id == study_id,)
        first = select(key).where(*of_it).order_by(key).limit(_ROWS)
        if connection.execute(delete(table).where(*of_it, key.in_(first))).rowcount:
            return True
    return False


def _some_trials(connection: Connection, study_id: str) -> list[str]:
    """Return as many trials of a study as can be removed with their curves in one transaction."""
    statement = select(Trial.id, Trial.points).where(Trial.study_id == study_id).order_by(Trial.index).limit(_ROWS)
    chosen: list[str] = []
    points = 0
    for trial in connection.execute(statement):
        points += trial.points or 0
        if chosen and points > _POINTS:
            break
        chosen.append(trial.id)
    return chosen
