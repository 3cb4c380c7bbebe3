"""A driver that kills itself at a seam, three times, and then does its work: the name of its study says at which.

    python killed_driver.py DIRECTORY

DIRECTORY holds one file a seam, one byte long for each time that the seam was hit. Every life comes to its seam,
however fast the workers are: one that commits writes a single new trial and dies, so that there is something left for
the next; a study that is to be stopped or cancelled is told so by its first driver.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grokscale.studies.lifecycle import Event, State
from grokscale.studies.plan import Plan
from grokscale.studies.runner.driver import main
from grokscale.studies.store import Lease, Store, StudyRecord
from grokscale.studies.store.engine import Database
from grokscale.trainers.trial import Outcome

TIMES = 3
ASKED: dict[str, Event] = {"stopping": "stop", "cancelling": "cancel"}


class KilledStore(Store):
    """A store whose process ends just before, or just after, what it is told to do."""

    marks: Path
    seam: str = ""

    def study(self, study_id: str) -> StudyRecord:
        record = super().study(study_id)
        self.seam = record.name
        self._kill_at("claimed")
        if self.seam in ASKED and record.state == "running":
            super().transition(study_id, ASKED[self.seam])
        return record

    def commit(self, lease: Lease, pack_id: str, outcomes: Sequence[Outcome], attempt: int, host: str) -> list[int]:
        self._kill_at("received")
        if self.seam == "committed" and self._hits() < TIMES and (one := self._one_new(lease, outcomes)):
            super().commit(lease, pack_id, one, attempt, host)
            self._kill_at("committed")
        return super().commit(lease, pack_id, outcomes, attempt, host)

    def _one_new(self, lease: Lease, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Return the outcomes up to the first that no earlier life has written; none where all are written."""
        ended = {trial.index for trial in self.iter_trials(lease.study_id) if trial.outcome}
        new = next((i for i, outcome in enumerate(outcomes) if outcome.index not in ended), None)
        return [] if new is None else list(outcomes[: new + 1])

    def extend(self, lease: Lease, batch: Plan) -> bool:
        if self._hits() == 0:
            self._kill_at("proposing")
        added = super().extend(lease, batch)
        if self._hits() == 1:
            self._kill_at("proposing")
        return added

    def end_pack(self, lease: Lease, pack_id: str) -> None:
        self._kill_at("ending")
        super().end_pack(lease, pack_id)

    def cancel_unended(self, lease: Lease) -> int:
        self.seam = super().study(lease.study_id).name
        if self._hits() == 0:
            self._kill_at("stopping", "cancelling")
        count = super().cancel_unended(lease)
        if self._hits() == 1:
            self._kill_at("stopping", "cancelling")
        return count

    def finish(self, lease: Lease) -> State:
        self._kill_at("stopping", "cancelling")
        return super().finish(lease)

    def _hits(self) -> int:
        mark = self.marks / self.seam
        return mark.stat().st_size if mark.exists() else 0

    def _kill_at(self, *seams: str) -> None:
        if self.seam in seams and self._hits() < TIMES:
            with open(self.marks / self.seam, "ab") as mark:
                mark.write(b"x")
            os.kill(os.getpid(), signal.SIGKILL)


def open_store(url: str) -> Any:
    store = KilledStore(Database.open(url))
    store.marks = Path(sys.argv[1])
    return store


if __name__ == "__main__":
    main(open_store)
