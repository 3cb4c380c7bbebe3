"""The pack engine: advance many trials together until each has ended, missing no crossing, losing nothing.

The loop looks, decides how many steps may safely be taken without looking, and takes them. What is looked at, and how
crossings, curves and endings are kept, is `trainers.watch`; the step itself is the task's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from grokscale.trainers import thresholds
from grokscale.trainers.checkpoint import Checkpoint, Place
from grokscale.trainers.engine import leaps
from grokscale.trainers.grid_watch import GridWatch
from grokscale.trainers.kernels import Kernel
from grokscale.trainers.pace import Pace
from grokscale.trainers.preparing import prepared
from grokscale.trainers.task import Compiled, Leaping, Problem, Theory
from grokscale.trainers.tasks.description import Grid
from grokscale.trainers.tasks.registry import draws_of, task
from grokscale.trainers.trial import Crossing, Outcome, Pack, Report, Trial
from grokscale.trainers.watch import Watch

_STRIDE = 1000
"""Steps that are taken at most without asking which column has ended: `after_t2` ends none sooner after its t2."""


def train(
    pack: Pack,
    *,
    place: Place | None = None,
    resume: Checkpoint | None = None,
    stop: Callable[[], bool] = lambda: False,
    report_seconds: float = 1.0,
    checkpoint_seconds: float = 15.0,
    breath_seconds: float = 0.2,
) -> Iterator[Report]:
    """Advance a pack to its end.

    Args:
        pack: the trials.
        place: where this attempt writes its checkpoints; None: nowhere.
        resume: a checkpoint of an earlier attempt, of this pack or of one that it was part of. The run goes on
            bit-identically, and outcomes that it carries are reported again.
        stop: asked once a breath; True ends the run after a checkpoint, without a last report.
        report_seconds: time between reports.
        checkpoint_seconds: time between checkpoints.
        breath_seconds: time after which the loop looks up, for a stop, a report, a checkpoint; above 0.

    Yields:
        Reports: outcomes of the trials that ended since the last one, and steps done; the last has `done`. Those that
            are `preparing` come first: no trial's clock runs while kernels are compiled, here or by another process.

    Raises:
        Exception: whatever a task raises; the pack's earlier checkpoint stands.
    """
    torch.set_num_threads(pack.threads)
    threadpool_limits(pack.threads, user_api="blas")  # of the compiled loops' products
    run = _Run(pack, resume, breath_seconds)
    for left in prepared(run.kernels, report_seconds):
        yield run.report(preparing=left)
        if stop():
            run.checkpoint(place)
            return
    clock = _Clock(report_seconds, checkpoint_seconds)
    yield run.report()
    while run.alive:
        run.advance()
        if stop():
            run.checkpoint(place)
            return
        if clock.checkpoint_due() or not run.alive:
            run.checkpoint(place)
        if clock.report_due() and run.alive:
            yield run.report()
    yield run.report(done=True)


class _Clock:
    """When the next report and the next checkpoint are due."""

    def __init__(self, report_seconds: float, checkpoint_seconds: float) -> None:
        self._every = {"report": report_seconds, "checkpoint": checkpoint_seconds}
        self._last = dict.fromkeys(self._every, time.monotonic())

    def report_due(self) -> bool:
        return self._due("report")

    def checkpoint_due(self) -> bool:
        return self._due("checkpoint")

    def _due(self, what: str) -> bool:
        now = time.monotonic()
        if now - self._last[what] < self._every[what]:
            return False
        self._last[what] = now
        return True


class _Run:
    """A pack in progress."""

    def __init__(self, pack: Pack, resume: Checkpoint | None, breath: float) -> None:
        self._pack, self._task, self._breath = pack, task(pack.task), breath
        self._step, self._seconds, self._share, self._chunk = 0, 0.0, 0.0, 64
        self._outcomes: list[Outcome] = []
        self._leaping: list[tuple[Trial, Any]] = []
        self._leap: Leaping | None = None
        self._reported, self._steps = 0, 0
        self._problem: Problem | None = None
        if resume is not None:
            mine = {trial.index for trial in pack.trials}
            self._step, self._seconds = resume.step, resume.seconds
            self._outcomes = [outcome for outcome in resume.outcomes if outcome.index in mine]
        ended = {outcome.index for outcome in self._outcomes}
        earlier, begun = self._seconds, time.perf_counter()
        self._mark = begun
        self._start([trial for trial in pack.trials if trial.index not in ended], resume)
        self._seconds = earlier + time.perf_counter() - begun
        self._share = self._setup = (self._seconds - earlier) / len(pack.trials)

    @property
    def alive(self) -> bool:
        return self._stepping or bool(self._leaping)

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Compiled functions that training calls."""
        stepping = self._problem.kernels if isinstance(self._problem, Compiled) else ()
        leaping = self._task.leaps.kernels() if self._leaping and self._task.leaps else ()
        return (*stepping, *leaping)

    @property
    def _stepping(self) -> bool:
        return self._problem is not None and bool(self._problem.trials)

    def _start(self, trials: list[Trial], resume: Checkpoint | None) -> None:
        drawn = draws_of(self._pack.task, trials, self._pack.study_seed)
        draws = {trial.index: draw for trial, draw in zip(trials, drawn, strict=True)}
        budget = self._pack.budget
        self._theory = {t.index: thresholds.theory(self._task, draws[t.index], t, budget) for t in trials}
        if resume is None:
            trials = [trial for trial in trials if not self._refused(trial, draws[trial.index])]
        expected = {t.index: thresholds.expected_steps(self._task, draws[t.index], t, budget) for t in trials}
        self._pace = Pace(self._pack, expected)
        engine, kind = self._pack.engine, self._pack.task
        leaping = {t.index for t in trials if leaps(engine, kind, t, expected[t.index], budget)}
        self._leaping = [(t, draws[t.index]) for t in trials if t.index in leaping]
        if resume is not None and resume.leap is not None:
            self._go_on_leaping(resume.leap)
        trials = [trial for trial in trials if trial.index not in leaping]
        if not trials:
            return
        device = torch.device(self._pack.device)
        self._problem = self._task.problem([draws[t.index] for t in trials], trials, budget, device)
        patience = [thresholds.patience(self._task, draws[t.index], t, budget) for t in trials]
        description = self._task.description
        watch = GridWatch if isinstance(description.looks, Grid) else Watch
        self._watch = watch(self._problem, budget, np.array(patience), description)
        if resume is None:
            self._watch.begin(self._problem)
            self._look()
        else:
            self._take_over(resume, trials)

    def _take_over(self, resume: Checkpoint, trials: list[Trial]) -> None:
        """Load a checkpoint whose live trials are these, or these and others."""
        assert self._problem is not None
        self._problem.load(resume.problem)
        positions = {index: i for i, index in enumerate(resume.problem["indices"])}
        self._watch.load(resume.watch)
        self._watch.keep(np.array([positions[trial.index] for trial in trials]))

    def _go_on_leaping(self, leap: dict[str, Any]) -> None:
        """Load the trial that was being fast-forwarded, where it is one of these: it is the next of them."""
        if self._leaping and self._leaping[0][0].index == leap["index"]:
            self._leap, self._leap_seconds = self._leap_of(*self._leaping[0]), leap["seconds"]
            self._leap.load(leap)

    def _leap_of(self, trial: Trial, draw: Any) -> Leaping:
        assert self._task.leaps is not None
        return self._task.leaps.leap(self._pack.engine, draw, trial, self._pack.budget)

    def _refused(self, trial: Trial, draw: Any) -> bool:
        theory = self._theory[trial.index]
        refusal = self._task.refusal(draw, trial)
        if refusal is None and self._task.leaps is not None:
            refusal = self._task.leaps.refusal(self._pack.engine, theory, self._pack.budget)
        if refusal is not None:
            self._outcomes.append(refused(trial, *refusal, theory))
        return refusal is not None

    # -- the loop ---------------------------------------------------------------------------------------------------

    def advance(self) -> None:
        """Train for about a breath: step to the next step that has to be looked at, look, let ended columns go."""
        if not self._stepping:
            self._fast_forward()
            return
        self._mark = begun = time.perf_counter()
        before = self._steps
        while self._stepping and self._mark - begun < self._breath:
            if not self._watch.pending(self._step):
                self._go()
            self._look()
            self._charge()
            self._enforce()
        self._pace.stepped(self._steps - before, self._mark - begun)

    def _go(self) -> None:
        """Step to the next step that has to be looked at, or as far as a breath takes."""
        assert self._problem is not None
        k = min(self._watch.due(), self._watch.next_end()) - self._step
        k = max(1, min(k, self._chunk, _STRIDE))
        before = time.perf_counter()
        self._watch.walk(self._step, k, self._problem)
        self._adapt(k, time.perf_counter() - before)
        self._step += k
        self._steps += k * len(self._problem.trials)

    def _fast_forward(self) -> None:
        """Go on for about a breath with the trials that are fast-forwarded, one after another."""
        until = self._seconds + self._breath
        while self._leaping and self._seconds < until:
            trial, draw = self._leaping[0]
            begun = time.perf_counter()
            if self._leap is None:
                self._leap, self._leap_seconds = self._leap_of(trial, draw), self._setup
            before = self._leap.step
            self._leap.advance()
            self._steps += self._leap.step - max(before, 0)
            if self._out_of_time(since=begun):
                self._leap.cut()
            if self._leap.ended:
                spent = self._leap_seconds + time.perf_counter() - begun
                self._outcomes.append(self._leap.outcome(self._theory[trial.index], spent))
                self._pace.leapt(spent)
                self._leap = None
                del self._leaping[0]
            elapsed = time.perf_counter() - begun
            self._seconds += elapsed
            self._leap_seconds += elapsed

    def _out_of_time(self, since: float | None = None) -> bool:
        """Return whether the time limit is over; `since`: of a clock reading whose time has not been counted yet."""
        limit = self._pack.budget.max_seconds
        uncounted = 0.0 if since is None else time.perf_counter() - since
        return limit is not None and self._seconds + uncounted >= limit

    def _charge(self) -> None:
        """Count the compute time since the last charge, shared equally by the columns that are live."""
        now = time.perf_counter()
        self._seconds += now - self._mark
        self._share += (now - self._mark) / max(1, len(self._problem.trials) if self._problem else 0)
        self._mark = now

    def _adapt(self, k: int, seconds: float) -> None:
        """Keep one uninterrupted stretch of steps within a breath, however slow a step is."""
        if k == self._chunk and seconds < self._breath / 2:
            self._chunk *= 2
        elif seconds > self._breath:
            self._chunk = max(1, self._chunk // 2)

    def _look(self) -> None:
        assert self._problem is not None
        self._watch.look(self._step, self._problem)
        if self._watch.over(self._step) is None:
            return
        # an end needs everything of this step, and what it shows may end more columns
        self._watch.look(self._step, self._problem, last=True)
        over = self._watch.over(self._step)
        assert over is not None
        self._let_go(over)

    def _enforce(self) -> None:
        """End what is left where the pack's time is up: right-censored at this step."""
        if self._stepping and self._out_of_time():
            assert self._problem is not None
            self._watch.look(self._step, self._problem, last=True)
            self._let_go(np.ones(len(self._problem.trials), dtype=bool))

    def _let_go(self, over: np.ndarray) -> None:
        assert self._problem is not None
        for column in np.flatnonzero(over):
            self._charge()
            theory = self._theory[self._problem.trials[column].index]
            self._outcomes.append(self._watch.outcome(int(column), self._step, self._problem, theory, self._share))
        left = np.flatnonzero(~over)
        self._watch.keep(left)
        self._problem.keep(left)

    # -- saying -----------------------------------------------------------------------------------------------------

    def report(self, done: bool = False, preparing: float | None = None) -> Report:
        outcomes, steps = tuple(self._outcomes[self._reported :]), self._steps
        self._reported, self._steps = len(self._outcomes), 0
        stepping = self._problem.trials if self._problem is not None else []
        leaping = [trial for trial, _ in self._leaping]
        return Report(
            step=self._step,
            steps=steps,
            alive=len(leaping) + len(stepping),
            seconds_left=self._pace.seconds_left(self._step, stepping, leaping),
            outcomes=outcomes,
            done=done,
            preparing=preparing,
        )

    def checkpoint(self, place: Place | None) -> None:
        if place is None:
            return
        problem, watch = (
            ({"indices": []}, {})
            if self._problem is None or not self._stepping
            else (
                self._watch.problem_state(self._problem),
                self._watch.state(),
            )
        )
        leap = None
        if self._leap is not None:
            index = self._leaping[0][0].index
            leap = {"index": index, "seconds": self._leap_seconds, **self._leap.state()}
        place.save(Checkpoint(self._step, self._seconds, tuple(self._outcomes), problem, watch, leap))


def refused(trial: Trial, word: str, reason: str, theory: Theory) -> Outcome:
    """Return the outcome of a trial that was not trained at all."""
    return Outcome(
        index=trial.index,
        outcome=word,  # type: ignore[arg-type]
        obtained=None,
        steps=0,
        # y* = 0: the train error is absolute, and 0 from the start
        t1=Crossing(0, -1, 0, "left", stayed=0) if word == "uninformative_data" else None,
        delay_reason=reason,
        theory=theory.values,
        theory_reasons=theory.reasons,
        error={"type": word, "message": reason, "step": 0},
    )
