"""What a driver is asked to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from grokscale.studies.store import Lease


@dataclass(frozen=True, slots=True)
class Job:
    """What a driver has to do. It is sent through the pipe only, since the URL may contain a password.

    Attributes:
        url: of the database.
        study_id, runner_id, token: the lease.
        ray_address: of the cluster.
        own_cluster: it is the runner's own cluster, which never grows.
        checkpoint_dir: directory of all studies' checkpoints.
        own_checkpoints: that directory belongs to this user alone.
        silence_seconds: seconds without a report after which a pack is ended.
        pack_attempts: attempts of a pack before it is halved.
        log_level: of the driver.
        tasks: the tasks from outside that the runner offers (`trainers.plugins.plugin.Plugin`).
    """

    url: str
    study_id: str
    runner_id: str
    token: int
    ray_address: str
    own_cluster: bool
    checkpoint_dir: str
    own_checkpoints: bool
    silence_seconds: float
    pack_attempts: int
    log_level: str
    tasks: list[dict[str, Any]]

    @property
    def lease(self) -> Lease:
        """The lease under which the driver writes."""
        return Lease(self.study_id, self.runner_id, self.token)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; the constructor takes them back."""
        return asdict(self)
