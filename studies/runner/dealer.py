"""Distributes the places of the cluster among the running studies whenever something has changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from grokscale.studies.resources import Resources, slots
from grokscale.studies.runner.child import Child
from grokscale.studies.runner.cluster import Cluster
from grokscale.studies.runner.shares import Claim, share_out
from grokscale.studies.store import Lease


@dataclass(slots=True)
class Driven:
    """A study and its driver.

    Attributes:
        ended: its trials that had ended when the driver began.
        pack: what one of its packs takes.
        since: when it was last seen to have a pack; when it was claimed, if it never had one.
        told: the grant that its driver was last told of.
    """

    lease: Lease
    child: Child
    ended: int
    pack: Resources
    since: float = field(default_factory=time.monotonic)
    told: dict[str, int] = field(default_factory=dict)

    def claim(self) -> Claim:
        """What the study asks of the cluster: one pack, until its driver asks for more."""
        running = self.child.said.get("running", 0)
        if running:
            self.since = time.monotonic()
        return Claim(self.pack, self.child.said.get("packs", 1), running, 0.0 if running else self.since)


class Dealer:
    """Tells each driver what its study may have, and asks a cluster that can grow for what is missing.

    Args:
        cluster: asked for its nodes as they are now.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._asked: list[Resources] = []

    def deal(self, studies: Sequence[Driven]) -> None:
        """Tell each driver what its study may have of the cluster in its present size."""
        nodes = self._cluster.nodes
        claims = [study.claim() for study in studies]
        for study, grant in zip(studies, share_out(claims, nodes), strict=True):
            message = {"limit": grant.limit, "keep": grant.keep, "slots": slots(self._cluster.most, study.pack)}
            if message != study.told:
                study.told = message
                study.child.tell(message)
        self._ask_for_room(claims, nodes)

    def _ask_for_room(self, claims: Sequence[Claim], nodes: Sequence[Resources]) -> None:
        """Ask for room for the packs that would fit if the cluster had its largest size."""
        now, then = share_out(claims, nodes), share_out(claims, self._cluster.most)
        packs = [
            claim.pack
            for claim, have, want in zip(claims, now, then, strict=True)
            for _ in range(max(0, want.keep - have.keep))
        ]
        if packs != self._asked:
            self._asked = packs
            self._cluster.ask_for(packs)
