"""The work of a driver: the packs that wait, and those that are being trained. Only Tune's thread uses it."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import structlog

from grokscale.studies.packs import pack
from grokscale.studies.plan import cut_packs
from grokscale.studies.runner.persistence import firmly
from grokscale.studies.runner.proposals import Proposals
from grokscale.studies.spec import StudySpec
from grokscale.studies.store import Lease, PackRecord, Store
from grokscale.studies.worker.attempts import Attempts
from grokscale.studies.worker.trainable import Assignment
from grokscale.trainers.tasks import registry
from grokscale.trainers.trial import Pack

log = structlog.stdlib.get_logger("grokscale.studies.runner")

_CUT_SECONDS = 10.0
"""Seconds between two times that packs are cut anew, while a cluster grows node by node."""
_FAR = 1.25
"""Ratio between the old and the new number of places from which on it is worth cutting the packs anew."""


@dataclass(slots=True)
class Running:
    """A pack that was given to Tune.

    Attributes:
        assignment: what its worker was given.
        half: it was made from a pack that failed again and again.
        counted: its failures and losses before this attempt.
        attempt, host, node, actor: known from the worker's first result on; None: it has not started.
        begun: when it was given to Tune.
        silent: seconds of this process's time since the last sign of life.
        withdrawn: its worker was ended on purpose, to make room for another study.
        held: its worker has died, and the cause is not known yet.
        ended: its row says that it has ended.
        steps: column steps since its progress was last written, at `told`.
    """

    assignment: Assignment
    half: bool
    counted: int
    attempt: int | None = None
    host: str | None = None
    node: str | None = None
    actor: Any = None
    begun: float = field(default_factory=time.monotonic)
    silent: float = 0.0
    withdrawn: bool = False
    held: bool = False
    ended: bool = False
    steps: int = 0
    told: float = field(default_factory=time.monotonic)

    @property
    def pack_id(self) -> str:
        return self.assignment.pack.id


class Work:
    """The packs of a study that have not ended.

    Args:
        store: read and written under the lease.
        lease: of the study.
        spec: of the study.
        attempts: where the study's checkpoints are.
        silence_seconds: see `Assignment`.
        proposals: proposes more packs when all of these have ended.
    """

    def __init__(
        self,
        store: Store,
        lease: Lease,
        spec: StudySpec,
        attempts: Attempts,
        silence_seconds: float,
        proposals: Proposals,
    ) -> None:
        self._store, self._lease, self.spec, self._proposals = store, lease, spec, proposals
        self._attempts, self._silence_seconds = attempts, silence_seconds
        self._waiting: deque[PackRecord] = deque()
        self._held: list[Running] = []
        self._cut_at, self._cut_for = -math.inf, 0
        self.running: dict[str, Running] = {}
        """By the name of the Tune trial."""
        self.refill()

    def __len__(self) -> int:
        """How many packs have not ended."""
        return len(self._waiting) + len(self.running) + len(self._held)

    @property
    def places(self) -> int:
        """How many places in the cluster the study occupies; a pack that is held counts, since it will need its
        place again.
        """
        return len(self.running) + len(self._held)

    @property
    def usable(self) -> int:
        """How many packs the study can use at once; an adaptive study between two batches needs one place to go on."""
        most = self.spec.resources.max_packs or math.inf
        return int(min(len(self) or 1, most))

    @property
    def left(self) -> bool:
        """Whether any pack has not ended or is still to be proposed."""
        return bool(len(self)) or self._proposals.left()

    @property
    def ready(self) -> bool:
        """Whether the study has a pack that can begin now."""
        return bool(self._waiting) or (not len(self) and self._proposals.left())

    def refill(self) -> None:
        """Read from the store which packs wait; those that were begun before, and their halves, come first."""
        out = {running.pack_id for running in (*self.running.values(), *self._held)}
        open = [record for record in firmly(self._store.open_packs, self._lease) if record.id not in out]
        self._waiting = deque(sorted(open, key=lambda record: (is_fresh(record), record.number)))

    def cut(self, side_by_side: int) -> None:
        """Cut anew the packs that have not begun, if the cluster holds another number of packs than before."""
        most = min(side_by_side, self.spec.resources.max_packs or side_by_side)
        now = time.monotonic()
        if not most or most == self._cut_for or now - self._cut_at < _CUT_SECONDS:
            return
        self._cut_at, self._cut_for = now, most
        stale = [record for record in self._waiting if is_fresh(record) and _is_far(record.cut_for or 1, most)]
        if not stale:
            return
        ids = [record.id for record in stale]
        trials = firmly(self._store.waiting_trials, self._lease, ids)
        planned = cut_packs(self.spec, trials, most)
        done = firmly(self._store.cut_anew, self._lease, ids, planned, most)
        log.info("packs cut anew", before=len(stale), now=len(planned), side_by_side=most, done=done)
        self.refill()

    def begin(self, name: str) -> Assignment | None:
        """Return the next pack, to be trained under a name; None: no pack waits, and none can be proposed now."""
        assignment = self._begin(name)
        while assignment is None and not self.running and self._proposals.left():
            self._proposals.add()
            self.refill()
            if not self._waiting:
                return None
            assignment = self._begin(name)
        return assignment

    def _begin(self, name: str) -> Assignment | None:
        while self._waiting:
            record = self._waiting.popleft()
            trials = firmly(self._store.pack_trials, record.id)
            if not trials:  # its last driver ended between its last commit and this
                firmly(self._store.end_pack, self._lease, record.id)
                continue
            left = pack(self.spec, trials, record.id, record.prune_after)
            assignment = self._assigned(left, record)
            self.running[name] = Running(assignment, record.parent is not None, record.failures + record.losses)
            return assignment
        return None

    def _assigned(self, left: Pack, record: PackRecord) -> Assignment:
        ancestry, plugin = self._ancestry(record), registry.plugins().get(left.task)
        return Assignment(left, self._attempts, ancestry, self._silence_seconds, plugin)

    def end(self, name: str) -> None:
        """Handle a pack that Tune has finished with. If it has not ended, it or its halves wait again, or it is
        held.
        """
        running = self.running.pop(name)
        if running.held:
            self._held.append(running)
        elif not running.ended:
            self.refill()

    def take_back(self, running: Running) -> None:
        """Stop holding a pack: it or its halves wait again, or it has ended."""
        self._held.remove(running)
        self.refill()

    def _ancestry(self, record: PackRecord) -> tuple[str, ...]:
        if record.parent is None:
            return (record.id,)
        parents = {record.id: record.parent for record in firmly(self._store.packs, self._lease.study_id)}
        line = [record.id]
        while (parent := parents[line[-1]]) is not None:
            line.append(parent)
        return tuple(line)


def is_fresh(record: PackRecord) -> bool:
    """Return whether neither a pack, nor one that it was made from, was ever begun."""
    return not record.attempt and record.parent is None


def _is_far(cut_for: int, side_by_side: int) -> bool:
    return max(cut_for, side_by_side) >= _FAR * min(cut_for, side_by_side)
