"""Steps that are taken again, with a look at each: they resolve a crossing that lies between two looks.

A crossing of one of the study's two thresholds that is first found at a look happened after the look before. From the
problem's state then, the whole stack takes the same steps once more, one by one. The first of them at or below the
threshold is the crossing: exact, up to what is defined by looks. Excursions that begin and end between two looks are
seen by nobody, unless the error was near (see `NEAR`), where every step is looked at.

It has to come out at the state that it started out from, bit for bit, as it does on one device; where it does not,
these are other steps, and the bracket stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from grokscale.trainers.bracket import Bracketed
from grokscale.trainers.encoding import Encoding
from grokscale.trainers.passage import Passage
from grokscale.trainers.task import Problem
from grokscale.trainers.thresholds import Held

NEAR = 0.05
"""A column whose error lies beyond its threshold by less than this part of it is looked at every step."""
SHARE = 0.5
"""Steps that are taken again may be this part of those taken; where there are more, further brackets stay."""

_ENCODING = Encoding()


class Replay:
    """The steps from one look to the next, once more.

    Args:
        problem: at the later look; it is sent back to the earlier.
        earlier: its state then, `frozen`.
        since, until: steps of the two.
        passages: as they were before the later look, of t1 and of t2.
        held: what each is fed with.
    """

    def __init__(
        self,
        problem: Problem,
        earlier: bytes,
        since: int,
        until: int,
        passages: tuple[Bracketed, Bracketed],
        held: tuple[Held, Held],
    ) -> None:
        self._end, self._step, self._until = frozen(problem.state()), since, until
        self.train, self.test = _anew(passages[0]), _anew(passages[1])
        self._held = held
        problem.load(thawed(earlier))

    @property
    def end(self) -> dict[str, Any]:
        """The problem's state at the later look."""
        return thawed(self._end)

    @property
    def done(self) -> bool:
        """Whether the later look is reached."""
        return self._step == self._until

    def advance(self, problem: Problem) -> None:
        """Take one step again and look at it."""
        problem.step(1)
        self._step += 1
        for passage, held in zip((self.train, self.test), self._held, strict=True):
            if passage.see(self._step, held.of(problem)):
                passage.mark(self._step, problem)

    def holds(self, problem: Problem) -> bool:
        """Return whether the steps taken were those of before; where not, have the problem as it was then."""
        if frozen(problem.state()) == self._end:
            return True
        self.give_up(problem)
        return False

    def give_up(self, problem: Problem) -> None:
        """Have the problem as it was at the later look."""
        problem.load(self.end)


def frozen(state: Mapping[str, Any]) -> bytes:
    """Return a state as bytes: later steps cannot change them, and they are equal where the states are, bit for bit."""
    return b"".join(bytes(piece) for piece in _ENCODING.encode(dict(state)))


def thawed(state: bytes) -> dict[str, Any]:
    """Return a frozen state."""
    return _ENCODING.decode(state)


def _anew(of: Bracketed) -> Passage:
    """Return a passage of the first level alone, as far as `of` is."""
    passage = Passage(of.levels[:1, 0].tolist(), of.first.shape[1], measures=of.reached.measures)
    for name in ("first", "since", "below"):
        setattr(passage, name, np.array(getattr(of, name)[:1]))
    return passage
