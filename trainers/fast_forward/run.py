"""One trial from its initial point to its end by fast-forward: all that the stepping engine keeps, to the step."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from trainers.fast_forward import path
from trainers.fast_forward.course import Course
from trainers.fast_forward.kernels import Track
from trainers.fast_forward.path import Path, Piece
from trainers.ladder import RUNGS
from trainers.outcome import Seen
from trainers.passage import NEVER, Passage
from trainers.plateau import BAND, LAST, still_falling
from trainers.schedule import CURVE, DENSE, curve_until, end_after, next_in_log, next_judged
from trainers.theory.chatter import chatter
from trainers.trial import Budget, Crossing, ErrorPoint

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
        self.train = Passage([budget.train_threshold, *RUNGS.values()], 1)
        self.test = Passage([budget.test_threshold, *RUNGS.values()], 1)
        self._certifies, self._settles = course.within(budget.test_threshold)
        self._ends_somewhere = not np.isnan(course.end).any()
        self._certified = self._settled = self._overtaken = NEVER
        self._path = Path(course.descent, course.a0, 0, budget.max_steps)
        self._tracks = Track.of(self.train), Track.of(self.test)
        self._pieces: list[Piece] = []
        self._starts: list[int] = []
        self._bounds: list[tuple[float, float]] = []
        self._curve: list[tuple[np.ndarray, np.ndarray]] = []
        self._on_curve = 0  # steps of the curve's grid that were seen
        self.step = -1
        """Last step looked at."""
        self.ended = False

    # -- going on ---------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Take the next piece, or as much of it as the trial runs."""
        piece = self._path.next()
        self._look_for_the_end(piece)
        last = min(piece.last, self._end() - piece.start)
        before = _copied(self.train), _copied(self.test)
        bounds = self._follow(piece, last)
        end = self._end() - piece.start  # what has been crossed may end the trial within the piece
        if end < last:
            last = end
            _restore(self.train, before[0])
            _restore(self.test, before[1])
            self._follow(piece, last)
        if self._overtaken == NEVER and self._course.regularized and (k := piece.overtaken()) <= last:
            self._overtaken = piece.start + k
        self._record(piece, last)
        self._keep(piece.light(), bounds)
        self.step = piece.start + last
        self.ended = self.step >= self._end()

    def cut(self) -> None:
        """End here, right-censored."""
        self.ended = True

    def _follow(self, piece: Piece, last: int) -> tuple[float, float]:
        train, test = self._tracks
        return piece.follow(train, test, self._course.a_star, self._scales, last)

    def _keep(self, piece: Piece, bounds: tuple[float, float]) -> None:
        self._pieces.append(piece)
        self._starts.append(piece.start)
        self._bounds.append(bounds)

    def _look_for_the_end(self, piece: Piece) -> None:
        """Find where the distance from the end, which never grows, first certifies or settles the trial."""
        if not self._ends_somewhere:
            return

        def distance(k: int) -> float:
            off = piece.iterate(k) - self._course.end
            return math.sqrt(off @ off)

        at_last = distance(piece.last)
        if self._certified == NEVER and at_last < self._certifies:
            first = piece.start + _first(piece.last, lambda k: distance(k) < self._certifies)
            self._certified = next_judged(first, self._budget.plateau_every)
        if self._settled == NEVER and at_last <= self._settles:
            first = piece.start + _first(piece.last, lambda k: distance(k) <= self._settles)
            self._settled = next_judged(first, self._budget.plateau_every)

    def _end(self) -> int:
        """Return the step at which the trial ends, as known now."""
        stop, end = self._budget.stop, self._budget.max_steps
        t2, t1 = int(self.test.first[0, 0]), int(self.train.first[0, 0])
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

    def _record(self, piece: Piece, last: int) -> None:
        until = curve_until(piece.start + last)
        if self._on_curve < until:
            at = CURVE[self._on_curve : until]
            self._curve.append((at, piece.iterates(at - piece.start)))
            self._on_curve = until

    # -- checkpoint -------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what `load` needs."""
        return {
            "path": self._path.at,
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
        self._path = Path(descent, a, start, self._budget.max_steps, burst, held)
        for one, bounds in zip(state["pieces"], state["bounds"], strict=True):
            self._keep(path.piece(descent, *one), bounds)
        self._curve = list(state["curve"])
        for passage, kept in zip((self.train, self.test), state["passages"], strict=True):
            passage.load(kept)
        self._tracks = Track.of(self.train), Track.of(self.test)
        self._certified, self._settled, self._overtaken, self._on_curve = state["marks"]
        self.step = state["step"]

    # -- what was seen ----------------------------------------------------------------------------------------------

    def seen(self) -> Seen:
        """Return what was seen up to the last step."""
        steps = np.concatenate([at for at, _ in self._curve])
        iterates = np.concatenate([a for _, a in self._curve])
        if steps[-1] != self.step:
            steps, iterates = np.append(steps, self.step), np.vstack([iterates, self._iterate(self.step)])
        observed = self._course.observe(iterates)
        settled = self._settled != NEVER and self._settled <= self.step
        plateau = self._plateau()
        return Seen(
            column=0,
            steps=self.step,
            train=self.train,
            test=self.test,
            ratio=self._ratio(steps, observed["gradient_ratio"]) if self._course.regularized else None,
            missed="infeasible" if self._infeasible() and self._certified <= self.step else "right",
            plateau=plateau,
            stop=self._point(self.step),
            least=self._least(),
            settled=self._point(self._settled) if settled else None,
            curve={"step": steps, **observed},
            coordinates=iterates if self._budget.record == "coordinates" else None,
            obtained="fast_forward",
        )

    def _ratio(self, steps: np.ndarray, ratios: np.ndarray) -> Passage:
        """The passage of beta ||H|| / ||G|| over 1: seen to the step at first, then at the steps of the curve."""
        passage = Passage([-1.0], 1)
        if self._overtaken != NEVER:
            passage.see(self._overtaken, np.array([-np.inf]))
            for step, ratio in zip(steps, ratios, strict=True):
                if step > self._overtaken:
                    passage.see(int(step), np.array([-ratio]))
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
        off = np.abs(self._iterate(step) - self._course.a_star)
        return ErrorPoint(float(np.linalg.norm(off)) / self._scales[1], float(off.mean()), int(step))

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
        while (lower := self._next_within(step, (-1.0, np.nextafter(least, 0.0)))) is not None:
            least, step = self.test_error(lower), lower + 1
        # a settled error moves by rounding alone: the first step that is as good as the best
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
        step = next_in_log(step - 1, self._budget.plateau_every) if step > 0 else 0
        while step <= self.step:
            at = self._at(step)
            piece, (low, high) = self._pieces[at], self._bounds[at]
            last = min(piece.start + piece.last, self.step)
            dense = step < DENSE
            until, every = (min(last, DENSE - 1), 1) if dense else (last, self._budget.plateau_every)
            if low <= band[1] and high >= band[0]:
                k, until_k = step - piece.start, until - piece.start
                k = piece.within(self._course.a_star, self._scales[1], band, k, every, until_k)
                if k <= until_k:
                    return piece.start + k
            step = next_in_log(until, self._budget.plateau_every)
        return None


def _first(last: int, holds: Callable[[int], bool]) -> int:
    """Return the first k in [0, last] for which what holds from some k on holds; it holds at `last`."""
    low, high = -1, last
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _copied(passage: Passage) -> tuple[np.ndarray, ...]:
    return tuple(values.copy() for values in (passage.first, passage.since, passage.below))


def _restore(passage: Passage, values: tuple[np.ndarray, ...]) -> None:
    for kept, value in zip((passage.first, passage.since, passage.below), values, strict=True):
        kept[...] = value
