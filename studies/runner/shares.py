"""How studies that run side by side share the cluster: in whole packs, which are dealt one at a time.

No study gets a second pack while another one that could use a pack has none. After that the next pack goes to the
study that holds the least of its scarcest resource (dominant resource fairness, A. Ghodsi et al., NSDI 2011). What
one study does not use goes to the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grokscale.studies.resources import Resources, slots, total

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Claim:
    """What a study asks of the cluster.

    Attributes:
        pack: what one of its packs takes.
        packs: how many packs it can use now.
        running: how many packs it has.
        since: when it last had a pack; of the studies that have none, that with the lowest value comes first.
    """

    pack: Resources
    packs: int
    running: int
    since: float


@dataclass(frozen=True, slots=True)
class Grant:
    """What a study may have.

    Attributes:
        limit: it may begin a pack while fewer than this many run.
        keep: packs beyond this number are given up at once; the others may run to their end.
    """

    limit: int
    keep: int


def share_out(claims: Sequence[Claim], nodes: Sequence[Resources]) -> list[Grant]:
    """Return what each study may have of the cluster.

    If there are more studies than places, those that wait are served in turn: a study keeps its place to the end of
    its pack, and then begins no other.
    """
    dealt = _deal(claims, nodes)
    starving = any(claim.packs and not packs for claim, packs in zip(claims, dealt, strict=True))
    return [
        Grant(0 if starving and claim.running >= packs else packs, packs)
        for claim, packs in zip(claims, dealt, strict=True)
    ]


def _deal(claims: Sequence[Claim], nodes: Sequence[Resources]) -> list[int]:
    """Return how many packs each study gets."""
    left = total(nodes)
    most = [min(claim.packs, slots(nodes, claim.pack)) for claim in claims]
    dealt = [0] * len(claims)

    def take(i: int) -> bool:
        nonlocal left
        pack = claims[i].pack
        after = Resources(left.cpus - pack.cpus, left.gpus - pack.gpus)
        if dealt[i] >= most[i] or min(after.cpus, after.gpus) < -_ROUNDING:
            return False
        left = after
        dealt[i] += 1
        return True

    for i in sorted(range(len(claims)), key=lambda i: (not claims[i].running, claims[i].since)):
        take(i)
    whole = total(nodes)
    weight = [_dominant(claim.pack, whole) for claim in claims]
    asking = set(range(len(claims)))
    while asking:
        # of equals who has more already, so that nobody gives up a pack for nothing
        i = min(asking, key=lambda i: (dealt[i] * weight[i], dealt[i] >= claims[i].running, claims[i].since, i))
        if not take(i):
            asking.remove(i)
    return dealt


def _dominant(pack: Resources, whole: Resources) -> float:
    """Return the share of the cluster that a pack takes of its scarcest resource."""
    shares = ((pack.cpus, whole.cpus), (pack.gpus, whole.gpus))
    return max((part / of for part, of in shares if part and of), default=0.0)
