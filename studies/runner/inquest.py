"""Why a worker died: because of the pack that it trained, or because its node, or the connection to it, was lost.

Only the death of a worker whose node is alive counts as a failure of its pack. Which of the two it was is known a
little later, since the death of a worker can be noticed before that of its node. Until then the pack is held back:
it has not failed, and does not wait.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import ray
import structlog
from ray.exceptions import ActorUnavailableError, NodeDiedError

from grokscale.studies.runner.persistence import firmly
from grokscale.studies.runner.work import Running, Work
from grokscale.studies.store import Lease, Store

log = structlog.stdlib.get_logger("grokscale.studies.runner")

HOLD_SECONDS = 5.0
"""Between a worker's death and the question whether its node lives: the cluster learns of a raylet's end in this
time."""
LOOK_SECONDS = 5.0


@dataclass(slots=True)
class _Death:
    running: Running
    error: Mapping[str, Any]
    at: float = field(default_factory=time.monotonic)


class Inquest:
    """Decides what becomes of packs whose attempts have ended badly, and records it.

    Args:
        store: written under the lease.
        lease: of the study.
        work: takes packs back.
        pack_attempts: attempts of a pack before it is halved, or its one trial fails.
    """

    def __init__(self, store: Store, lease: Lease, work: Work, pack_attempts: int) -> None:
        self._store, self._lease, self._work, self._pack_attempts = store, lease, work, pack_attempts
        self._deaths: list[_Death] = []
        self._nodes: set[str] = set()
        self._looked = self._node_lost = -float("inf")

    def open(self, running: Running, error: Mapping[str, Any], cause: BaseException | None) -> None:
        """Hold the pack of a worker that has died until the cause is known."""
        if isinstance(cause, (ActorUnavailableError, NodeDiedError)):
            kill(running)  # it may live on behind a broken connection, and hold its place
            self._lose(running, error)
        else:
            running.held = True
            self._deaths.append(_Death(running, error))

    def look(self) -> None:
        """Decide the cases that can be decided. Call this at least every few seconds."""
        now = time.monotonic()
        due = [death for death in self._deaths if now - death.at >= HOLD_SECONDS]
        if due or now - self._looked >= LOOK_SECONDS:
            self._look_at_nodes(now)
        for death in due:
            self._deaths.remove(death)
            death.running.held = False
            if self._its_node_is_lost(death):
                self._lose(death.running, death.error)
            else:
                self.fail(death.running, death.error)
            self._work.take_back(death.running)

    def fail(self, running: Running, error: Mapping[str, Any]) -> None:
        """Count a failed attempt: the pack waits again, or its halves do, or its one trial has failed."""
        # a half that fails is halved at once, since its culprit is known to be there; a trial alone gets every chance
        culprit_within = running.half and len(running.assignment.pack.trials) > 1
        allowed = 1 if culprit_within else self._pack_attempts
        told = {**error, "host": running.host, "attempt": running.attempt}
        verdict = firmly(self._store.fail_pack, self._lease, running.pack_id, told, allowed, counted=running.counted)
        log.warning("pack failed", pack=running.pack_id, verdict=verdict, host=running.host, error=error["message"])

    def _lose(self, running: Running, error: Mapping[str, Any]) -> None:
        told = {**error, "host": running.host, "attempt": running.attempt}
        firmly(self._store.lose_pack, self._lease, running.pack_id, told, counted=running.counted)
        log.warning("attempt lost", pack=running.pack_id, host=running.host, error=error["message"])

    def _look_at_nodes(self, now: float) -> None:
        alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}
        if self._nodes - alive:
            self._node_lost = now
        self._nodes, self._looked = alive, now

    def _its_node_is_lost(self, death: _Death) -> bool:
        node = death.running.node
        if node is not None:
            return node not in self._nodes
        # it never said where it was: any node lost since it was handed out may have been its
        return self._node_lost >= death.running.begun


def kill(running: Running) -> None:
    """End the worker of a pack."""
    if running.actor is not None:
        ray.kill(running.actor, no_restart=True)
