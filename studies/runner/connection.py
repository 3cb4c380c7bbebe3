"""How this product's processes join a Ray cluster."""

from __future__ import annotations

import ray

from grokscale.studies.runner.ray_private import job_without_directory


def connect(address: str, logging_level: int) -> None:
    """Connect this process as a driver.

    Its current directory stays out of its workers' import path. Ray would put it first, on every node, so that a
    user's own `trainers.py` in it would hide an installed package.

    Args:
        address: as `ray.init` takes it.
        logging_level: of what Ray says in this process.
    """
    job = job_without_directory()
    ray.init(address=address, log_to_driver=False, logging_level=logging_level, job_config=job)
