"""The environment of everything that touches Ray: a worker inherits it, and a worker may see no secret."""

from __future__ import annotations

import os
from pathlib import Path

from grokscale.studies.settings import ours

_LIBPQ = "PG"  # it reads its passwords from PG... variables
_RAYS = ("RAY_", "__RAY_")
"""Dozens of Ray's hundreds of variables name, or configure, some other cluster: address, database
(RAY_REDIS_ADDRESS, RAY_gcs_storage), ports, certificates, jobs. A list of them would be wrong for Ray's next
version."""
_PYTHON = ("PYTHONOPTIMIZE", "PYTHONINSPECT")
"""Ray's agents need their docstrings, which the first removes; with the second a process waits for input instead of
ending."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

_RAY = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray's own 30 s are not enough on a busy machine
    "RAY_raylet_start_wait_time_s": "120",
    # after what answers people, but not starved by whatever else runs: Ray's own 15 is a thirtieth of a share
    "RAY_worker_niceness": "5",
    # workers that wait have torch and Tune imported, which takes three seconds
    "RAY_preload_python_modules": "grokscale.studies.worker.trainable,grokscale.trainers.pack",
    # the head orders them as soon as the cluster is up; Ray would start as many again for its first driver
    "RAY_prestart_worker_first_driver": "0",
    # a worker stays where it is: its trial directory is of no use to us
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
}
_ON_LOOPBACK = {
    # what it does on these, here too: every server and agent listens on 127.0.0.1, and so does everything it tells of
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
_WORKERS_OWN = ("RAY_CHDIR_TO_TRIAL_DIR",)
"""Tune would pass it to its actors once more, so that they could not use a worker that is already waiting."""
_TUNE = {
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    # 31 ms and five files a trial
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Tune's own snapshots cost a third of the run at 256 trials, and nobody reads them
    "TUNE_GLOBAL_CHECKPOINT_S": "600",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}


def of_ray(token: Path | None) -> dict[str, str]:
    """Return the environment of the process that owns the cluster, and so of all its workers.

    Args:
        token: file with the cluster's token; None: somebody else's cluster, whose settings stay as they are.
    """
    dropped = (_LIBPQ,) if token is None else (_LIBPQ, *_RAYS)
    given = {name: value for name, value in os.environ.items() if not ours(name) and not name.startswith(dropped)}
    kept = {name: value for name, value in given.items() if name not in _PYTHON}
    # a pack asks for more threads itself; a default of one a core would put CPUs x CPUs threads on the machine
    threads = {name: kept.get(name, "1") for name in _THREADS}
    return kept | threads | _RAY | _of_our_cluster(token)


def left_out() -> list[str]:
    """Return the names of the variables of Ray's that do not reach our own cluster."""
    return sorted(name for name in os.environ if name.startswith(_RAYS))


def of_driver(token: Path | None) -> dict[str, str]:
    """Return the environment of a driver: that of Ray, and what libpq needs to reach the database."""
    libpq = {name: value for name, value in os.environ.items() if name.startswith(_LIBPQ)}
    kept = {name: value for name, value in of_ray(token).items() if name not in _WORKERS_OWN}
    return kept | _TUNE | libpq


def _of_our_cluster(token: Path | None) -> dict[str, str]:
    if token is None:
        return {}
    # other users of the machine reach loopback too, and Ray's own default is a file under ~/.ray
    return _ON_LOOPBACK | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
