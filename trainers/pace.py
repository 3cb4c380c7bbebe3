"""How long a pack still takes: by its own pace, and until it has one by what its task says of such packs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grokscale.trainers.tasks.registry import identities, task
from grokscale.trainers.trial import Pack, Trial

_MEASURED = 0.5
"""Seconds of stepping from which on the pack's own pace counts."""


class Pace:
    """The pace of one attempt at a pack.

    Args:
        pack: the trials.
        expected: the steps that each is expected to take, by index; None: unknown.
    """

    def __init__(self, pack: Pack, expected: Mapping[int, int | None]) -> None:
        self._kind, self._study_seed, self._expected = pack.task, pack.study_seed, expected
        self._steps, self._stepping = 0, 0.0
        self._leapt, self._leaping = 0, 0.0

    def stepped(self, steps: int, seconds: float) -> None:
        """Take note of a breath of column steps and of the time that they took."""
        self._steps += steps
        self._stepping += seconds

    def leapt(self, seconds: float) -> None:
        """Take note of a trial that was fast-forwarded to its end, and of the time that it took."""
        self._leapt += 1
        self._leaping += seconds

    def seconds_left(self, step: int, stepping: Sequence[Trial], leaping: Sequence[Trial]) -> float | None:
        """Return about how many seconds the trials that are left take; None: the length of one is unknown.

        Args:
            step: how far the stepped ones are.
            stepping: trials that are left to step.
            leaping: trials that are left to fast-forward.
        """
        lengths = [self._expected[trial.index] for trial in stepping]
        if None in lengths:
            return None
        steps = sum(max(0, (length or 0) - step) for length in lengths)
        return steps * self._seconds_per_step(stepping) + sum(map(self._seconds_of, leaping))

    def _seconds_per_step(self, trials: Sequence[Trial]) -> float:
        """Of one column."""
        if self._stepping >= _MEASURED and self._steps:
            return self._stepping / self._steps
        if not trials:
            return 0.0
        draws = len({identity.data_id for identity in identities(self._kind, self._study_seed, trials)})
        return task(self._kind).seconds_per_step(trials[0].config, len(trials), draws) / len(trials)

    def _seconds_of(self, trial: Trial) -> float:
        leaps = task(self._kind).leaps
        assert leaps is not None
        return self._leaping / self._leapt if self._leapt else leaps.seconds(trial.config)
