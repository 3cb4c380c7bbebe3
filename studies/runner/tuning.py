"""The Tune run over a study's packs."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import Any

from fsspec.implementations.memory import MemoryFileSystem
from pyarrow.fs import FSSpecHandler, PyFileSystem

from grokscale.studies.runner import connection
from grokscale.studies.runner.control import Control
from grokscale.studies.runner.inquest import Inquest
from grokscale.studies.runner.job import Job
from grokscale.studies.runner.overseer import Overseer
from grokscale.studies.runner.places import Places
from grokscale.studies.runner.proposals import Proposals
from grokscale.studies.runner.recorder import Recorder
from grokscale.studies.runner.searcher import PackSearcher
from grokscale.studies.runner.work import Work
from grokscale.studies.spec import StudySpec
from grokscale.studies.store import Store
from grokscale.studies.worker.attempts import Attempts
from grokscale.studies.worker.raytune import (
    Callback,
    CheckpointConfig,
    FailureConfig,
    RunConfig,
    Trial,
    TuneConfig,
    Tuner,
    class_cache,
    with_resources,
)
from grokscale.studies.worker.trainable import PackTrainable

_MOST_PENDING = 64
"""Packs whose workers start at the same time; with Tune's default of one they would start one after another."""
_LOOK_SECONDS = 0.5


class Impossible(Exception):
    """A pack of the study needs more than its cluster will ever have."""


class _Ended(Exception):
    """A Tune run has come to its end."""


class _End(Callback):
    """Leaves a Tune run that is over, before Tune reads back its pickles to make results that nobody needs."""

    def on_experiment_end(self, trials: list[Trial], **info: Any) -> None:
        """Raise, unless the run ends because of an error."""
        if sys.exception() is None:
            raise _Ended


def _connect(address: str) -> None:
    # Tune gives its actors a variable of their own, for a library that is not used here, and with it a process of
    # their own: without it they take one that waits, 0.2 s instead of 4.5 s
    class_cache.DEFAULT_ENV_VARS.clear()
    connection.connect(address, logging.WARNING)
    # what Tune says of failed trials the recorder says of their packs
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


def tune(store: Store, job: Job, spec: StudySpec, attempts: Attempts, control: Control) -> None:
    """Train the packs of a study that have not ended, and those proposed after them, until all have ended or
    something else is wanted.

    Raises:
        Impossible: no node of the runner's own cluster has what one pack needs.
    """
    proposals = Proposals(store, job.lease, spec, control)
    work = Work(store, job.lease, spec, attempts, job.silence_seconds, proposals)
    if not work.left:
        return
    _connect(job.ray_address)
    inquest = Inquest(store, job.lease, work, job.pack_attempts)
    while control.wanted == "run" and work.left:
        inquest.look()
        control.tell(work.usable, work.places)
        if job.own_cluster and control.slots == 0:
            raise Impossible(_too_much(spec))
        work.cut(control.slots or 0)
        if work.places < control.limit and work.ready:
            recorder = Recorder(store, job.lease, work, inquest, control)
            _run(work, control, inquest, recorder)
        else:
            control.wait(_LOOK_SECONDS)


def _run(work: Work, control: Control, inquest: Inquest, recorder: Recorder) -> None:
    """Train packs in one Tune run, until none may begin and Tune has none left."""
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(_MOST_PENDING)
    wanted = work.spec.resources
    needs: dict[str, float] = {"cpu": wanted.cpus, "gpu": wanted.gpus}
    # Tune keeps pickles of its state, the study's key among them, in its storage: this process's memory
    memory = MemoryFileSystem()
    memory.store.clear()
    tuner = Tuner(
        with_resources(PackTrainable, needs),
        tune_config=TuneConfig(
            search_alg=PackSearcher(work, control),
            scheduler=Places(),
            num_samples=-1,
            reuse_actors=True,
            trial_name_creator=_name,
            trial_dirname_creator=_name,
        ),
        run_config=RunConfig(
            name="tune",
            storage_path="memory",
            storage_filesystem=PyFileSystem(FSSpecHandler(memory)),
            stop=Overseer(work, control, inquest),
            callbacks=[recorder, _End()],
            # attempts are counted by the store, which also halves packs
            failure_config=FailureConfig(max_failures=0),
            # checkpoints are ours
            checkpoint_config=CheckpointConfig(checkpoint_at_end=False),
            verbose=0,
        ),
    )
    with suppress(_Ended):
        tuner.fit()


def _too_much(spec: StudySpec) -> str:
    wanted = spec.resources
    gpus = f" and {wanted.gpus} GPU" if wanted.gpus else ""
    return f"a pack needs {wanted.cpus} CPUs{gpus}; the runner's own Ray cluster does not have them"


def _name(trial: Trial) -> str:
    return f"pack-{trial.trial_id}"
