"""Which trials advance together.

Trials whose shapes agree form a group. A large group is parted into bands of similar length, so that no pack goes on
for the sake of a few slow trials. Within a band the draws lie side by side, because columns that share X are one matrix
product; a band is cut into packs of at most `MOST` columns, as many as keep the cluster busy but none smaller than
`LEAST` where there is a choice (below that a step costs the same for fewer columns).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence

LEAST = 24
MOST = 512
FULL = 64
"""Columns that each pack of a band has to have for bands to pay."""
BANDS = 3
"""More bands gain nothing: by the times of `studies.plan.cost`, three save a tenth to a fifth of a large grid's."""


def bands(members: Sequence[int], lengths: Sequence[float], packs: int) -> list[list[int]]:
    """Part one group by length, the longest first, where every band still fills its packs.

    Args:
        members: trial indices.
        lengths: how long each is, in any unit.
        packs: how many packs a band will be cut into.

    Returns:
        indices by band, each in the order of `members`.
    """
    number = min(BANDS, max(1, len(members) // (FULL * packs)))
    ranked = sorted(range(len(members)), key=lambda i: -lengths[i])
    ends = [len(members) * i // number for i in range(number + 1)]
    return [[members[i] for i in sorted(ranked[a:b])] for a, b in itertools.pairwise(ends)]


def cut(draws: Sequence[Hashable], packs: int) -> list[list[int]]:
    """Cut one group into packs.

    Args:
        draws: the draw of each trial of the group.
        packs: how many packs would keep the cluster busy.

    Returns:
        positions into `draws`: pack by pack, in column order, each position once.
    """
    by_draw: dict[Hashable, list[int]] = {}
    for position, draw in enumerate(draws):
        by_draw.setdefault(draw, []).append(position)
    number = max(math.ceil(len(draws) / MOST), min(packs, len(draws) // LEAST), 1)
    pieces = [piece for members in by_draw.values() for piece in _pieces(members, len(draws) / number)]
    while True:
        made = _shared_out(pieces, number)
        if all(len(pack) <= MOST for pack in made):
            return made
        number += 1


def _pieces(members: list[int], target: float) -> list[list[int]]:
    """Cut one draw into equal pieces where it is larger than a pack is meant to be."""
    number = min(len(members), math.ceil(len(members) / min(target, MOST)))
    ends = [len(members) * i // number for i in range(number + 1)]
    return [members[a:b] for a, b in itertools.pairwise(ends)]


def _shared_out(pieces: list[list[int]], number: int) -> list[list[int]]:
    """Give neighbouring pieces to packs of about equal size: a piece goes where its middle falls."""
    total = sum(len(piece) for piece in pieces)
    packs: list[list[int]] = [[] for _ in range(number)]
    before = 0
    for piece in pieces:
        packs[int(number * (before + len(piece) / 2) / total)] += piece
        before += len(piece)
    return [pack for pack in packs if pack]
