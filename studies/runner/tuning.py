"""The Tune run over a study's packs."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

import ray
from ray import tune as raytune
from ray.tune import CheckpointConfig, FailureConfig, RunConfig, TuneConfig, Tuner
from ray.tune.execution import class_cache
from ray.tune.experiment import Trial

from studies.runner.control import Control
from studies.runner.overseer import Overseer
from studies.runner.proposals import Proposals
from studies.runner.recorder import Recorder
from studies.runner.searcher import PackSearcher
from studies.runner.wire import Job
from studies.runner.work import Work
from studies.spec import StudySpec
from studies.store import Store
from studies.worker.trainable import PackTrainable

_MOST_PENDING = 64
"""Packs that wait in Ray for a place on a cluster that may grow; each is a placement group."""


class Impossible(Exception):
    """The study asks for what its cluster will never have."""


def _connect(address: str) -> None:
    # Tune gives its actors a variable of their own, for a library that is not used here, and with it a process of
    # their own: without it they take one that waits, 0.2 s instead of 4.5 s
    class_cache.DEFAULT_ENV_VARS.clear()
    ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
    # what Tune says of failed trials the recorder says of their packs
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


def tune(store: Store, job: Job, spec: StudySpec, study: Path, control: Control) -> None:
    """Train the packs of a study that have not ended, and those proposed after them, until all have.

    Or until something else is wanted.

    Raises:
        Impossible: no node of the runner's own cluster has what one pack needs.
    """
    proposals = Proposals(store, job.lease, spec, control)
    work = Work(store, job.lease, spec, study, job.silence_seconds, proposals)
    if not len(work) and not proposals.left():
        return
    _connect(job.ray_address)
    size_up(control, spec, job.own_cluster, max(len(work), proposals.most))
    # how many trials Tune keeps waiting for a place: with its own default of one, actors start one after another
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(min(control.most, _MOST_PENDING))
    needs: dict[str, float] = {"cpu": spec.resources.cpus, "gpu": spec.resources.gpus}
    storage = study / f"tune-{job.token}"
    Tuner(
        raytune.with_resources(PackTrainable, needs),
        tune_config=TuneConfig(
            search_alg=PackSearcher(work, control),
            num_samples=-1,
            reuse_actors=True,
            trial_name_creator=_name,
            trial_dirname_creator=_name,
        ),
        run_config=RunConfig(
            name="tune",
            storage_path=str(storage),
            stop=Overseer(work, control),
            callbacks=[Recorder(store, job.lease, work, study, job.pack_attempts)],
            # attempts are counted by the store, which also halves packs
            failure_config=FailureConfig(max_failures=0),
            # checkpoints are ours
            checkpoint_config=CheckpointConfig(checkpoint_at_end=False),
            verbose=0,
        ),
    ).fit()


def size_up(control: Control, spec: StudySpec, own_cluster: bool, packs: int) -> None:
    """Set how many packs of the study the cluster holds, and how many may run side by side."""
    wanted = spec.resources
    slots = _slots(ray.cluster_resources(), wanted.cpus, wanted.gpus)
    if not slots and own_cluster:
        gpus = f" and {wanted.gpus} GPU" if wanted.gpus else ""
        raise Impossible(f"a pack needs {wanted.cpus} CPUs{gpus}; the runner's own Ray cluster does not have them")
    control.slots = max(1, slots)
    # a cluster that may grow does so for packs that wait
    control.most = min(wanted.max_packs or packs, control.slots if own_cluster else packs)


def _slots(have: Mapping[str, float], cpus: int, gpus: int) -> int:
    slots = int(have.get("CPU", 0) // cpus)
    return min(slots, int(have.get("GPU", 0) // gpus)) if gpus else slots


def _name(trial: Trial) -> str:
    return f"pack-{trial.trial_id}"
