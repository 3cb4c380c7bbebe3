"""What a driver has to do: the packs that wait, and those that are being trained. Used by Tune's thread alone."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studies.packs import pack
from studies.runner.persistence import firmly
from studies.runner.proposals import Proposals
from studies.spec import StudySpec
from studies.store import Lease, PackRecord, Store
from studies.worker.trainable import Assignment


@dataclass(slots=True)
class Running:
    """A pack in Tune's hands.

    Attributes:
        assignment: what its worker was given.
        half: it was made from a pack that failed again and again.
        attempt, host, actor: known from the worker's first result on; None: it has not started.
        silent: seconds of this process's time since the last sign of life.
        withdrawn: its worker was ended on purpose, for another study's sake.
        ended: its row says so.
        steps: column steps since its progress was last written, at `told`.
    """

    assignment: Assignment
    half: bool
    attempt: int | None = None
    host: str | None = None
    actor: Any = None
    silent: float = 0.0
    withdrawn: bool = False
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
        study: directory of the study's checkpoints.
        silence_seconds: see `Assignment`.
        proposals: where more packs come from when all of these have ended.
    """

    def __init__(
        self,
        store: Store,
        lease: Lease,
        spec: StudySpec,
        study: Path,
        silence_seconds: float,
        proposals: Proposals,
    ) -> None:
        self._store, self._lease, self._spec, self._proposals = store, lease, spec, proposals
        self._study, self._silence_seconds = study, silence_seconds
        self._waiting: deque[PackRecord] = deque()
        self.running: dict[str, Running] = {}
        """By Tune's name for it."""
        self.refill()

    def __len__(self) -> int:
        """How many packs wait or run."""
        return len(self._waiting) + len(self.running)

    def refill(self) -> None:
        """Read from the store which packs wait."""
        held = {running.pack_id for running in self.running.values()}
        self._waiting = deque(record for record in firmly(self._store.open_packs, self._lease) if record.id not in held)

    def begin(self, name: str) -> Assignment | None:
        """Hand out the next pack under a name; None: no pack waits, and none can be proposed now."""
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
            left = pack(self._spec, trials, record.id, record.prune_after)
            assignment = Assignment(left, self._study, self._ancestry(record), self._silence_seconds)
            self.running[name] = Running(assignment, record.parent is not None)
            return assignment
        return None

    def end(self, name: str) -> None:
        """Tune has done with a pack. Where it has not ended, it or its halves wait again."""
        if not self.running.pop(name).ended:
            self.refill()

    def _ancestry(self, record: PackRecord) -> tuple[str, ...]:
        if record.parent is None:
            return (record.id,)
        parents = {record.id: record.parent for record in firmly(self._store.packs, self._lease.study_id)}
        line = [record.id]
        while (parent := parents[line[-1]]) is not None:
            line.append(parent)
        return tuple(line)
