"""One trial from its initial point to its end by fast-forward: all that the stepping engine keeps, to the step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grokscale.trainers.outcome import Seen
from grokscale.trainers.passage import NEVER, Passage
from grokscale.trainers.plateau import BAND, LAST, still_falling
from grokscale.trainers.schedule import CURVE, DENSE, end_after, next_in_log, next_judged
from grokscale.trainers.tasks.sparse_recovery.description import SPARSE_RECOVERY
from grokscale.trainers.tasks.sparse_recovery.fast_forward import path
from grokscale.trainers.tasks.sparse_recovery.fast_forward.course import Course
from grokscale.trainers.tasks.sparse_recovery.fast_forward.decomposition import Held
from grokscale.trainers.tasks.sparse_recovery.fast_forward.looks import Track, Watched, distance
from grokscale.trainers.tasks.sparse_recovery.fast_forward.path import Path, Piece
from grokscale.trainers.tasks.sparse_recovery.theory.chatter import chatter
from grokscale.trainers.trial import Budget, Crossing, ErrorPoint

RUNGS = SPARSE_RECOVERY.rungs
_ROUNDING = 1e-12
"""Relative difference below which two errors are one."""


class FastForward:
    """One trial; `advance` it until it has `ended`, then ask what was `seen`.

    Args:
        course: of the trial.
        budget: thresholds, stop rule, cadence.
    """

    def __init__(self, course: Course, budget: Budget) -> None:
        self._course, self._budget = course, budget
        self._scales = float(np.linalg.norm(course.descent.y)), float(np.linalg.norm(course.a_star))
        self.train = Passage([budget.train_threshold, *RUNGS], 1)
        self.test = Passage([budget.test_threshold, *RUNGS], 1)
        self._certifies, self._settles = course.within(budget.test_threshold)
        self._certified = self._settled = self._overtaken = NEVER
        self._path = Path(course.descent, course.a0, 0, budget.max_steps)
        self._watch()
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self._bounds: list[tuple[float, float]] = []
        self._curve: list[np.ndarray] = []
        self._on_curve = 0  # steps of the curve's grid that were seen
        self.step = -1
        """Last step looked at."""
        self.ended = False

    # -- going on ---------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Take the next piece, or as much of it as the trial runs."""
        end = self._end()
        before = [state.copy() for state in self._known]
        piece, look = self._path.next(self._watched, self._on_curve, end)
        self._look_for_the_end(piece, look.distance)
        looked, last = (min(piece.last, step - piece.start) for step in (end, self._end()))
        if last != looked:
            # what has been crossed ends the trial within the piece, or lets it run on
            for state, known in zip(self._known, before, strict=True):
                state[...] = known
            look = piece.look(self._watched, self._on_curve, last)
        if self._overtaken == NEVER and self._course.regularized and (k := piece.overtaken()) <= last:
            self._overtaken = piece.start + k
        self._curve.append(look.curve)
        self._on_curve += look.curve.shape[0]
        self._keep(piece.light(), look.bounds)
        self.step = piece.start + last
        self.ended = self.step >= self._end()

    def cut(self) -> None:
        """End here, right-censored."""
        self.ended = True

    def _watch(self) -> None:
        """Have the passages' arrays updated by what is looked at."""
        train, test = Track.of(self.train), Track.of(self.test)
        self._watched = Watched(self._course.a_star, self._course.end, self._scales, train, test)
        self._known = [*train[1:], *test[1:]]

    def _keep(self, piece: Piece, bounds: tuple[float, float]) -> None:
        self._pieces.append(piece)
        self._starts.append(piece.start)
        self._bounds.append(bounds)

    def _look_for_the_end(self, piece: Piece, at_last: float) -> None:
        """Find where the distance from the end, which never grows, first certifies or settles the trial."""
        if self._certified == NEVER and at_last < self._certifies:
            first = piece.start + _first(piece.last, lambda k: self._away(piece, k) < self._certifies)
            self._certified = next_judged(first, self._budget.plateau_every)
        if self._settled == NEVER and at_last <= self._settles:
            first = piece.start + _first(piece.last, lambda k: self._away(piece, k) <= self._settles)
            self._settled = next_judged(first, self._budget.plateau_every)

    def _away(self, piece: Piece, k: int) -> float:
        return distance(piece.iterate(k), self._course.end)

    def _end(self) -> int:
        """Return the step at which the trial ends, as known now."""
        stop = self._budget.stop
        t2, t1 = int(self.test.first[0, 0]), int(self.train.first[0, 0])
        end = self._budget.without_t2 if t2 == NEVER else self._budget.max_steps
        if stop == "max_steps":
            return end
        if stop == "after_t2" and t2 != NEVER:
            end = min(end, end_after(t2))
        if stop == "settled" and self._settled != NEVER:
            end = min(end, self._settled)
        known = min((step for step in (t1, self._settled) if step != NEVER), default=NEVER)
        if self._infeasible() and known != NEVER:
            end = min(end, max(self._certified, known))
        return end

    def _infeasible(self) -> bool:
        return self._certified != NEVER and int(self.test.first[0, 0]) == NEVER

    # -- checkpoint -------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what `load` needs."""
        a, start, burst, held = self._path.at
        return {
            "path": (a, start, burst, tuple(held)),
            "pieces": [path.state(piece) for piece in self._pieces],
            "bounds": self._bounds,
            "curve": self._curve,
            "passages": (self.train.state(), self.test.state()),
            "marks": (self._certified, self._settled, self._overtaken, self._on_curve),
            "step": self.step,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over the state of the same trial."""
        descent = self._course.descent
        a, start, burst, held = state["path"]
        self._path = Path(descent, a, start, self._budget.max_steps, burst, Held(*held))
        for one, bounds in zip(state["pieces"], state["bounds"], strict=True):
            self._keep(path.piece(descent, *one), bounds)
        self._curve = list(state["curve"])
        for passage, kept in zip((self.train, self.test), state["passages"], strict=True):
            passage.load(kept)
        self._watch()
        self._certified, self._settled, self._overtaken, self._on_curve = state["marks"]
        self.step = state["step"]

    # -- what was seen ----------------------------------------------------------------------------------------------

    def seen(self) -> Seen:
        """Return what was seen up to the last step."""
        steps, iterates = CURVE[: self._on_curve], np.concatenate(self._curve)
        if steps[-1] != self.step:
            steps, iterates = np.append(steps, self.step), np.vstack([iterates, self._iterate(self.step)])
        observed = self._course.observe(iterates)
        settled = self._settled != NEVER and self._settled <= self.step
        plateau = self._plateau()
        return Seen(
            column=0,
            steps=self.step,
            rungs=RUNGS,
            train=self.train,
            test=self.test,
            ratio=self._ratio(steps, observed["gradient_ratio"]) if self._course.regularized else None,
            missed="infeasible" if self._infeasible() and self._certified <= self.step else "right",
            plateau=plateau,
            reached=(self._reached(self.train), self._reached(self.test)),
            stop=self._point(self.step),
            least=self._least(),
            settled=self._point(self._settled) if settled else None,
            curve={"step": steps, **observed},
            coordinates=iterates if self._budget.record == "coordinates" else None,
            obtained="fast_forward",
            looks="certified",
        )

    def _ratio(self, steps: np.ndarray, ratios: np.ndarray) -> Passage:
        """The passage of beta ||H|| / ||G|| over 1: seen to the step at first, then at the steps of the curve."""
        passage = Passage([-1.0], 1)
        if self._overtaken != NEVER:
            passage.see(self._overtaken, np.array([-np.inf]))
            later = steps > self._overtaken
            below = np.append(True, ratios[later] >= 1)
            for i in np.flatnonzero(below[1:] != below[:-1]):
                passage.see(int(steps[later][i]), -ratios[later][[i]])
        return passage

    def _at(self, step: int) -> int:
        """Return which piece a step lies in."""
        return bisect_right(self._starts, step) - 1

    def _iterate(self, step: int) -> np.ndarray:
        piece = self._pieces[self._at(step)]
        return piece.iterate(step - piece.start)

    def test_error(self, step: int) -> float:
        """Return the relative test error at a step that was looked at."""
        return float(np.linalg.norm(self._iterate(step) - self._course.a_star)) / self._scales[1]

    def train_error(self, step: int) -> float:
        """Return the relative train error at a step that was looked at."""
        d = self._course.descent
        return float(np.linalg.norm(d.X @ self._iterate(step) - d.y)) / self._scales[0]

    def swings(self) -> tuple[float, float]:
        """Return by how much a sign method swings about this run: its test and train errors (see `surrogate`)."""
        d, a_star = self._course.descent, self._course.a_star
        swing = chatter(d.alpha, d.beta1, d.beta2, a_star)
        return swing / self._scales[1], swing * float(np.linalg.norm(d.X, 2)) / self._scales[0]

    def _point(self, step: int) -> ErrorPoint:
        a = self._iterate(step)
        error = float(np.linalg.norm(a - self._course.a_star)) / self._scales[1]
        return ErrorPoint(error, int(step), self._course.measure(a))

    def _reached(self, passage: Passage) -> ErrorPoint | None:
        first = int(passage.first[0, 0])
        return None if first == NEVER else self._point(first)

    # -- the log of the plateau rule ----------------------------------------------------------------------------------

    def _plateau(self) -> tuple[Crossing | None, ErrorPoint | None]:
        """Return `t2_plateau` and the error there, see `trainers.plateau`."""
        logged = self._last_logged(LAST)
        if len(logged) < LAST:
            return Crossing(None, self.step, None, "right"), None
        final = float(np.mean([self.test_error(step) for step in logged]))
        band = (1 - BAND) * final, (1 + BAND) * final
        at = self._next_within(0, band)
        while at is not None:
            after = next_in_log(at, self._budget.plateau_every)
            if after > self.step:
                at = None
            elif band[0] <= self.test_error(after) <= band[1]:
                break
            else:
                at = self._next_within(after, band)
        if at is None or still_falling(at, self.test_error(at), final, self.step):
            return Crossing(None, self.step, None, "right"), None
        point = self._point(at)
        if at == 0:
            return Crossing(0, -1, 0, "left", stayed=0), point
        return Crossing(at, at - 1, at, "exact", stayed=at), point

    def _least(self) -> ErrorPoint:
        """Return the least test error over the logged steps and the last."""
        least = self.test_error(self.step)
        step = 0
        # a settled error moves by rounding alone: no step is better for that, and the first counts that is as good
        while (lower := self._next_within(step, (-1.0, least * (1 - _ROUNDING)))) is not None:
            least, step = self.test_error(lower), lower + 1
        first = self._next_within(0, (-1.0, least * (1 + _ROUNDING)))
        return self._point(self.step if first is None else first)

    def _last_logged(self, count: int) -> list[int]:
        every, found, step = self._budget.plateau_every, [], self.step
        while step >= 0 and len(found) < count:
            if step >= DENSE:
                step = max(step - step % every, DENSE - 1)
            found.append(step)
            step -= 1
        return found

    def _next_within(self, step: int, band: tuple[float, float]) -> int | None:
        """Return the first logged step from `step` on at which the test error lies in a band; None: there is none."""
        low, high = np.array(self._bounds).T
        for at in np.flatnonzero((low <= band[1]) & (high >= band[0])):
            piece = self._pieces[at]
            last = min(piece.start + piece.last, self.step)
            logged = next_in_log(max(step, piece.start) - 1, self._budget.plateau_every)
            while logged <= last:
                dense = logged < DENSE
                until, every = (min(last, DENSE - 1), 1) if dense else (last, self._budget.plateau_every)
                k, until_k = logged - piece.start, until - piece.start
                k = piece.within(self._course.a_star, self._scales[1], band, k, every, until_k)
                if k <= until_k:
                    return piece.start + k
                logged = next_in_log(until, self._budget.plateau_every)
        return None


def _first(last: int, holds: Callable[[int], bool]) -> int:
    """Return the first k in [0, last] for which what holds from some k on holds; it holds at `last`."""
    low, high = -1, last
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
