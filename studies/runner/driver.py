"""One study, from a lease to its end: `python -m grokscale.studies.runner.driver`, a child of the runner.

It is one Tune run over the packs that have not ended, and nothing more. Whatever happens to the run, the rows are
the truth, and the next driver starts a new run over what is left.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import structlog

from grokscale.studies import logs
from grokscale.studies.runner.control import Control, Wanted
from grokscale.studies.runner.job import Job
from grokscale.studies.runner.parent import die_with_parent
from grokscale.studies.runner.persistence import firmly
from grokscale.studies.runner.tuning import Impossible, tune
from grokscale.studies.runner.wire import Wire
from grokscale.studies.spec import StudySpec
from grokscale.studies.store import Store
from grokscale.studies.store import open_store as open_real_store
from grokscale.studies.worker.attempts import Attempts, discard
from grokscale.trainers.plugins.plugin import Plugin
from grokscale.trainers.tasks import registry

log = structlog.stdlib.get_logger("grokscale.studies.runner")


def main(open_store: Callable[[str], Store] = open_real_store) -> None:
    """Drive the study that the runner names, until it ends, is paused, or the runner ends.

    Args:
        open_store: opens the store at a database URL.
    """
    wire = Wire()
    die_with_parent(wire.receive()["parent"])
    # Ray and Tune take a second or two to import: the runner keeps a driver that has done so and waits here
    wire.say(ready=True)
    job = Job(**wire.receive())
    logs.configure(job.log_level)
    structlog.contextvars.bind_contextvars(study=job.study_id)
    with wire.last_words():
        registry.offer([Plugin.of_json(one) for one in job.tasks])
        Driver(job, open_store(job.url), wire).run()


class Driver:
    """Drives one study under one lease.

    Args:
        job: from the runner.
        store: the database.
        wire: to the runner.
    """

    def __init__(self, job: Job, store: Store, wire: Wire) -> None:
        self._job, self._store, self._lease = job, store, job.lease
        self._study = Path(job.checkpoint_dir) / job.study_id
        self._attempts = Attempts(self._study, firmly(store.checkpoint_key, job.study_id), job.own_checkpoints)
        self._control = Control(store, job.study_id, wire, self._conclude)
        self._concluding = threading.Lock()

    def run(self) -> NoReturn:
        """Train what is left, then write the study's final state."""
        self._control.start()
        if self._control.wanted == "run":
            spec = StudySpec.model_validate(firmly(self._store.study, self._job.study_id).spec)
            try:
                tune(self._store, self._job, spec, self._attempts, self._control)
            except Impossible as error:
                firmly(self._store.transition, self._job.study_id, "fail", lease=self._lease, reason=str(error))
                os._exit(0)
        self._conclude(self._control.wanted)

    def _conclude(self, wanted: Wanted) -> NoReturn:
        """Bring the rows to the wanted state and end this process; Ray ends what is still running."""
        self._concluding.acquire()  # for good: the thread that comes second has nothing left to do
        if wanted == "leave":
            if (reason := self._control.waits_for) is not None:
                firmly(self._store.transition, self._job.study_id, "wait", lease=self._lease, reason=reason)
            firmly(self._store.release, self._lease)
        else:
            if wanted in ("cancel", "stop"):
                firmly(self._store.cancel_unended, self._lease)
            if wanted != "pause":
                discard(self._study)
            state = firmly(self._store.finish, self._lease)
            log.info("study ended", state=state)
        os._exit(0)


if __name__ == "__main__":
    main()
