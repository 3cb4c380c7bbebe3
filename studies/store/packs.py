"""Packs as rows: what has to be trained, how the training goes, and what becomes of a pack that fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Float, RowMapping, bindparam, case, delete, func, insert, literal, select, update
from uuid_utils import uuid7

from grokscale.studies.store import commits, flat, progress
from grokscale.studies.store.errors import LeaseLost, NotEnded, NotFound
from grokscale.studies.store.functions import Now
from grokscale.studies.store.locks import Locked, held
from grokscale.studies.store.models import CONFIGURATION, VISIBLE, Configuration, CurvePoint, Pack, Study, Trial
from grokscale.studies.store.records import Lease, PackRecord, Verdict
from grokscale.trainers.trial import Outcome, finite
from grokscale.trainers.trial import Trial as PlannedTrial

if TYPE_CHECKING:
    from grokscale.studies.plan import PlannedPack

T = TypeVar("T")

_OPEN = ("waiting", "running")
_REVIVED = ("failed", "cancelled")
_WAITING: dict[str, Any] = {"state": "waiting", "steps_per_second": None}
_AT_ONCE = 500
"""Values in the list of one statement; databases accept some thousands."""


def of_study(connection: Connection, study_id: str) -> list[PackRecord]:
    """See `Store.packs`."""
    if connection.execute(select(Study.id).where(Study.id == study_id, VISIBLE)).first() is None:
        raise NotFound("study", study_id)
    rows = connection.execute(select(Pack).where(Pack.study_id == study_id).order_by(Pack.number))
    return [_record(row) for row in rows.mappings()]


def open_ones(connection: Connection, lease: Lease) -> list[PackRecord]:
    """See `Store.open_packs`."""
    token = connection.execute(select(Study.token).where(Study.id == lease.study_id)).scalar()
    if token != lease.token:
        raise LeaseLost(lease.study_id, lease.token)
    open = select(Pack).where(Pack.study_id == lease.study_id, Pack.state.in_(_OPEN)).order_by(Pack.number)
    return [_record(row) for row in connection.execute(open).mappings()]


def unended(connection: Connection, pack_id: str) -> tuple[PlannedTrial, ...]:
    """See `Store.pack_trials`."""
    pack = connection.execute(select(Pack).where(Pack.id == pack_id)).mappings().first()
    if pack is None:
        raise NotFound("pack", pack_id)
    statement = select(Trial.index, Trial.configuration, Trial.seed, Configuration.config).join(*CONFIGURATION)
    rows = connection.execute(statement.where(*_unended(pack))).mappings()
    trials = {row["index"]: PlannedTrial(**row) for row in rows}
    return tuple(trials[index] for index in pack["members"] if index in trials)


def started(connection: Connection, lease: Lease, pack_id: str, attempt: int, host: str) -> None:
    """See `Store.pack_started`."""
    held(connection, lease)
    begun = {"state": "running", "attempt": attempt, "host": host, "steps_per_second": None, "preparing": None}
    _set(connection, lease, pack_id, started=func.coalesce(Pack.started, Now()), **begun)


def report(
    connection: Connection,
    lease: Lease,
    pack_id: str,
    step: int,
    steps_per_second: float,
    seconds_left: float | None,
    preparing: float | None = None,
) -> None:
    """See `Store.pack_progress`."""
    study = held(connection, lease)
    seconds_left = finite(seconds_left)
    now = {"step": int(step), "steps_per_second": steps_per_second, "seconds_left": seconds_left}
    now |= {"preparing": finite(preparing)}
    # as it was predicted first: what packs that wait are measured by
    each = case((Pack.unended > 0, literal(seconds_left, Float(53)) / Pack.unended))
    _set(connection, lease, pack_id, **now, seconds_per_trial=func.coalesce(Pack.seconds_per_trial, each))
    progress.publish(connection, study)


def end(connection: Connection, lease: Lease, pack_id: str) -> None:
    """See `Store.end_pack`."""
    held(connection, lease)
    pack = _get(connection, lease, pack_id)
    if pack["unended"]:
        raise NotEnded(f"pack {pack['number']} of study {lease.study_id} has {pack['unended']} unended trials")
    _set(connection, lease, pack_id, state="ended", ended=Now(), steps_per_second=None)


def fail(
    connection: Connection,
    lease: Lease,
    pack_id: str,
    error: Mapping[str, Any],
    max_attempts: int,
    counted: int | None,
) -> Verdict:
    """See `Store.fail_pack`."""
    study = held(connection, lease)
    pack = _get(connection, lease, pack_id)
    if pack["state"] not in _OPEN:  # asked again: the answer to the first was lost on its way
        return pack["state"]
    if _is_counted(pack, counted):
        return "retry"
    failures = pack["failures"] + 1
    _set(connection, lease, pack_id, failures=failures, error=error, **_WAITING)
    left = [trial.index for trial in unended(connection, pack_id)]
    if not left:
        end(connection, lease, pack_id)
        return "ended"
    if failures < max_attempts:
        return "retry"
    if len(left) > 1:
        half = (len(left) + 1) // 2
        for new in _heirs(connection, pack, [left[:half], left[half:]]):
            _move(connection, pack["study_id"], new)
        _set(connection, lease, pack_id, state="halved", ended=Now(), unended=0)
        return "halved"
    culprit = Outcome(left[0], "failed", None, pack["step"], error=error)
    commits.record(connection, study, [culprit], pack["attempt"], pack["host"])
    end(connection, lease, pack_id)
    progress.publish(connection, study)
    return "failed"


def lose(connection: Connection, lease: Lease, pack_id: str, error: Mapping[str, Any], counted: int | None) -> None:
    """See `Store.lose_pack`."""
    study = held(connection, lease)
    pack = _get(connection, lease, pack_id)
    if pack["state"] not in _OPEN or _is_counted(pack, counted):
        return
    _set(connection, lease, pack_id, losses=pack["losses"] + 1, error=error, **_WAITING)
    study.losses += 1
    connection.execute(update(Study).where(Study.id == study.id).values(losses=study.losses))
    progress.publish(connection, study)


def _is_counted(pack: RowMapping, counted: int | None) -> bool:
    """Return whether the end of an attempt has been counted before, by a call whose answer was lost."""
    return counted is not None and pack["failures"] + pack["losses"] > counted


def give_up(connection: Connection, lease: Lease, pack_id: str) -> None:
    """See `Store.rest_pack`."""
    held(connection, lease)
    if _get(connection, lease, pack_id)["state"] in _OPEN:
        _set(connection, lease, pack_id, **_WAITING)


def waiting_trials(connection: Connection, lease: Lease, pack_ids: Sequence[str]) -> tuple[PlannedTrial, ...]:
    """See `Store.waiting_trials`."""
    numbers = [pack["number"] for pack in _unbegun(connection, lease, pack_ids)]
    statement = select(Trial.index, Trial.configuration, Trial.seed, Configuration.config).join(*CONFIGURATION)
    statement = statement.where(Trial.study_id == lease.study_id, Trial.outcome.is_(None))
    trials: list[PlannedTrial] = []
    for some in _batched(numbers, _AT_ONCE):
        rows = connection.execute(statement.where(Trial.pack.in_(some))).mappings()
        trials += [PlannedTrial(**row) for row in rows]
    return tuple(sorted(trials, key=lambda trial: trial.index))


def may_be_cut(connection: Connection, lease: Lease, pack_ids: Sequence[str], planned: Sequence[PlannedPack]) -> bool:
    """Return whether these packs have not begun, and the planned packs have the same trials."""
    old = _unbegun(connection, lease, pack_ids)
    before = sorted(index for pack in old for index in pack["members"])
    return len(old) == len(pack_ids) and before == sorted(index for pack in planned for index in pack.members)


def cut_some(
    connection: Connection, lease: Lease, pack_ids: Sequence[str], planned: Sequence[PlannedPack], cut_for: int
) -> None:
    """Write some planned packs and move their trials out of the old packs; delete old packs that become empty."""
    study = held(connection, lease)
    old = _unbegun(connection, lease, pack_ids)
    mine = Pack.study_id == study.id
    last = connection.execute(select(func.coalesce(func.max(Pack.number), -1)).where(mine)).scalar_one()
    prune_after = old[0]["prune_after"] if old else None
    rows = [row(study.id, last + 1 + i, pack.members, prune_after, cut_for=cut_for) for i, pack in enumerate(planned)]
    moved = {index for pack in planned for index in pack.members}
    left = {pack["id"]: [index for index in pack["members"] if index not in moved] for pack in old}
    shrunk = [{"pack_id": id, "left": members, "many": len(members)} for id, members in left.items() if members]
    if shrunk:
        connection.execute(_shrink, shrunk)
    for some in _batched([id for id, members in left.items() if not members], _AT_ONCE):
        connection.execute(delete(Pack).where(Pack.id.in_(some)))
    connection.execute(insert(Pack), rows)
    for new in rows:
        _move(connection, study.id, new)


_shrink = (
    update(Pack)
    .where(Pack.id == bindparam("pack_id"))
    .values(members=bindparam("left", type_=Pack.__table__.c.members.type), unended=bindparam("many"))
)


def together(planned: Sequence[PlannedPack], most: int) -> Iterator[Sequence[PlannedPack]]:
    """Yield the packs in groups with up to a number of trials."""
    begin = trials = 0
    for at, pack in enumerate(planned):
        if at > begin and trials + len(pack.members) > most:
            yield planned[begin:at]
            begin, trials = at, 0
        trials += len(pack.members)
    if planned:
        yield planned[begin:]


def _unbegun(connection: Connection, lease: Lease, pack_ids: Sequence[str]) -> list[RowMapping]:
    """Return those packs, of the given ones, that wait for their first attempt."""
    token = connection.execute(select(Study.token).where(Study.id == lease.study_id)).scalar()
    if token != lease.token:
        raise LeaseLost(lease.study_id, lease.token)
    fresh = (Pack.study_id == lease.study_id, Pack.state == "waiting", Pack.attempt == 0, Pack.parent.is_(None))
    found: list[RowMapping] = []
    for some in _batched(pack_ids, _AT_ONCE):
        found += connection.execute(select(Pack).where(*fresh, Pack.id.in_(some))).mappings().all()
    return found


def rest(connection: Connection, study_id: str) -> None:
    """Have the packs that ran wait again, without a speed, since nothing runs any more."""
    running = update(Pack).where(Pack.study_id == study_id, Pack.state == "running")
    connection.execute(running.values(_WAITING))


def revive(connection: Connection, study: Locked, most: int | None = None) -> bool:
    """Make failed and cancelled trials unended again, in new packs that resume from the checkpoints of the old ones.

    Args:
        connection: of the transaction.
        study: locked in this transaction.
        most: about how many trials are taken back, if not all; the trials of one old pack are never split between
            calls.

    Returns:
        Whether trials are left that have to be taken back.
    """
    lost = (Trial.study_id == study.id, Trial.outcome.in_(_REVIVED))
    counts = select(Trial.pack, func.count()).where(*lost).group_by(Trial.pack).order_by(Trial.pack)
    numbers: list[int] = []
    trials = 0
    for number, count in connection.execute(counts):
        if numbers and most is not None and trials + count > most:
            _revive(connection, study, numbers)
            return True
        numbers.append(number)
        trials += count
    _revive(connection, study, numbers)
    open = update(Pack).where(Pack.study_id == study.id, Pack.state.in_(_OPEN))
    connection.execute(open.values(failures=0))
    return False


def _revive(connection: Connection, study: Locked, numbers: Sequence[int]) -> None:
    """Make the failed and cancelled trials of some packs unended again."""
    for number in numbers:
        of_pack = (Trial.study_id == study.id, Trial.pack == number, Trial.outcome.in_(_REVIVED))
        rows = connection.execute(select(Trial.id, Trial.index, Trial.outcome).where(*of_pack)).all()
        for some in _batched([row.id for row in rows], _AT_ONCE):
            connection.execute(delete(CurvePoint).where(CurvePoint.trial_id.in_(some)))
        pack = select(Pack).where(Pack.study_id == study.id, Pack.number == number)
        old = connection.execute(pack).mappings().one()
        indices = {row.index for row in rows}
        (new,) = _heirs(connection, old, [[index for index in old["members"] if index in indices]])
        reset = flat.UNENDED | {"points": None, "curve_columns": None, "pack": new["number"]}
        connection.execute(update(Trial).where(*of_pack).values(**reset))
        lost = Counter(row.outcome for row in rows)
        study.by_outcome = dict(Counter(study.by_outcome) - lost)
    connection.execute(update(Study).where(Study.id == study.id).values(by_outcome=study.by_outcome))


def _heirs(connection: Connection, pack: RowMapping, groups: Sequence[list[int]]) -> list[dict[str, Any]]:
    """Write a new pack for each group of trials that a pack hands over; return the rows."""
    study_id = pack["study_id"]
    last = connection.execute(select(func.max(Pack.number)).where(Pack.study_id == study_id)).scalar_one()
    rows = [
        row(study_id, last + 1 + i, members, pack["prune_after"], parent=pack["id"], step=pack["step"])
        for i, members in enumerate(groups)
    ]
    connection.execute(insert(Pack), rows)
    return rows


def _move(connection: Connection, study_id: str, pack: Mapping[str, Any]) -> None:
    """Assign its members to a new pack."""
    for members in _batched(pack["members"], _AT_ONCE):
        these = (Trial.study_id == study_id) & Trial.index.in_(members)
        connection.execute(update(Trial).where(these).values(pack=pack["number"]))


def row(
    study_id: str,
    number: int,
    members: Sequence[int],
    prune_after: int | None,
    parent: str | None = None,
    step: int = 0,
    cut_for: int | None = None,
) -> dict[str, Any]:
    """Return the row of a pack that waits for its first attempt."""
    return {
        "id": str(uuid7()),
        "study_id": study_id,
        "number": number,
        "members": list(members),
        "state": "waiting",
        "parent": parent,
        "attempt": 0,
        "failures": 0,
        "losses": 0,
        "unended": len(members),
        "step": step,
        "prune_after": prune_after,
        "cut_for": cut_for,
    }


def _batched(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the values in lists of a limited length."""
    return (values[i : i + size] for i in range(0, len(values), size))


def _unended(pack: RowMapping) -> tuple[Any, ...]:
    return Trial.study_id == pack["study_id"], Trial.pack == pack["number"], Trial.outcome.is_(None)


def _get(connection: Connection, lease: Lease, pack_id: str) -> RowMapping:
    statement = select(Pack).where(Pack.id == pack_id, Pack.study_id == lease.study_id)
    pack = connection.execute(statement).mappings().first()
    if pack is None:
        raise NotFound("pack", pack_id)
    return pack


def _set(connection: Connection, lease: Lease, pack_id: str, **values: Any) -> None:
    statement = update(Pack).where(Pack.id == pack_id, Pack.study_id == lease.study_id)
    if connection.execute(statement.values(**values)).rowcount == 0:
        raise NotFound("pack", pack_id)


def _record(row: RowMapping) -> PackRecord:
    fields = {name: row[name] for name in PackRecord.__dataclass_fields__}
    return PackRecord(**{**fields, "members": tuple(fields["members"])})
