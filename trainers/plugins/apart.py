"""A task from outside as the processes see it that do not import it: its draws are names, its predictions questions.

What it cannot answer, because its code raises, hangs or ends its process, is `TaskFailed`, within seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from grokscale.trainers.plugins.plugin import Plugin
from grokscale.trainers.plugins.process import Process, Silent
from grokscale.trainers.task import Streams, Theory
from grokscale.trainers.trial import Budget, Identity, Trial, Value, finite

if TYPE_CHECKING:
    import torch

    from grokscale.trainers.kernels import Kernel
    from grokscale.trainers.task import Leaps, Problem

PROGRAM = "grokscale.trainers.plugins.program"
START_SECONDS = 60.0
"""For its imports: torch takes seconds on a machine that has other things to do."""
ANSWER_SECONDS = 10.0
NAMING_SECONDS = 60.0
"""For the names of all draws of a study at once."""
REST_SECONDS = 30.0
"""After a process that hung or ended, until another one is tried: whoever asks a thousand times waits once."""


class TaskFailed(Exception):
    """The code of a task from outside has failed; the message names the task, what was asked of it, and why."""


class Apart:
    """Carries out of a task what needs no training, in a child process that starts with the first question.

    Args:
        plugin: the task.
        answer_seconds: for one answer.
    """

    def __init__(self, plugin: Plugin, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._plugin, self._answer_seconds = plugin, answer_seconds
        self._lock = threading.Lock()
        self._process: Process | None = None
        self._broken: tuple[float, str] | None = None
        self.description = plugin.description
        self.leaps: Leaps | None = None

    def kernels(self) -> tuple[Kernel, ...]:
        """Workers compile what it needs."""
        return ()

    def draw(self, config: Mapping[str, Value], streams: Streams) -> Streams:
        """Return what names the data."""
        return streams

    def identity(self, config: Mapping[str, Value], streams: Streams) -> Identity:
        """See `Task.identity`."""
        (named,) = self.identities(streams.study_seed, [Trial(0, 0, streams.seed, config)])
        return named

    def identities(self, study_seed: int, trials: Sequence[Trial]) -> list[Identity]:
        """Name the data of many trials at once."""
        places: dict[int, int] = {}
        configs: list[Mapping[str, Value]] = []
        for trial in trials:
            if trial.configuration not in places:
                places[trial.configuration] = len(configs)
                configs.append(trial.config)
        pairs = [[places[trial.configuration], trial.seed] for trial in trials]
        question = {"study_seed": study_seed, "configs": configs, "trials": pairs}
        named = self._ask("identities", "name its draws", question, NAMING_SECONDS)
        return [Identity(str(data), str(stream)) for data, stream in named]

    def refusal(self, draw: Streams, trial: Trial) -> tuple[str, str] | None:
        """See `Task.refusal`."""
        question = {"draw": asdict(draw), "trial": asdict(trial)}
        found = self._ask("refusal", "say whether a trial trains", question)
        return None if found is None else (str(found[0]), str(found[1]))

    def problem(self, draws: Sequence[Any], trials: Sequence[Trial], budget: Budget, device: torch.device) -> Problem:
        """Nothing is trained here.

        Raises:
            TaskFailed: always.
        """
        raise TaskFailed(f"the task {self._plugin.kind} is not trained in this process")

    def theory(self, draw: Streams, trial: Trial, budget: Budget) -> Theory:
        """See `Task.theory`; what is not finite counts as not known."""
        found = self._predict("theory", draw, trial, budget)
        values = {str(name): finite(value) for name, value in found["values"].items()}
        return Theory(values, {str(name): str(reason) for name, reason in found["reasons"].items()})

    def patience(self, draw: Streams, trial: Trial, budget: Budget) -> float:
        """See `Task.patience`."""
        return float(self._predict("patience", draw, trial, budget))

    def expected_steps(self, draw: Streams, trial: Trial, budget: Budget) -> int | None:
        """See `Task.expected_steps`."""
        found = self._predict("expected_steps", draw, trial, budget)
        return None if found is None else int(found)

    def memory(self, config: Mapping[str, Value], columns: int, draws: int) -> int:
        """See `Task.memory`."""
        return int(self._cost("memory", config, columns, draws))

    def seconds_per_step(self, config: Mapping[str, Value], columns: int, draws: int) -> float:
        """See `Task.seconds_per_step`."""
        return float(self._cost("seconds_per_step", config, columns, draws))

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process = None

    def _predict(self, of: str, draw: Streams, trial: Trial, budget: Budget) -> Any:
        question = {"of": of, "draw": asdict(draw), "trial": asdict(trial), "budget": asdict(budget)}
        return self._ask("predict", f"predict ({of})", question)

    def _cost(self, of: str, config: Mapping[str, Value], columns: int, draws: int) -> Any:
        question = {"of": of, "config": config, "columns": columns, "draws": draws}
        return self._ask("cost", f"say what a pack takes ({of})", question)

    def _ask(self, what: str, in_words: str, question: Mapping[str, Any], seconds: float | None = None) -> Any:
        failed = f"the task {self._plugin.kind} could not {in_words}"
        if self._broken is not None and time.monotonic() < self._broken[0]:
            raise TaskFailed(f"{failed}: {self._broken[1]}")
        try:
            process = self._opened()
            said = process.ask({"ask": what, "kind": self._plugin.kind, **question}, seconds or self._answer_seconds)
        except Silent as silent:
            self._process, self._broken = None, (time.monotonic() + REST_SECONDS, str(silent))
            raise TaskFailed(f"{failed}: {silent}") from None
        if "error" in said:
            raise TaskFailed(f"{failed}: {said['error']}")
        return said["answer"]

    def _opened(self) -> Process:
        with self._lock:
            if self._process is None:
                process = Process(PROGRAM)
                said = process.ask({"ask": "open", "plugin": self._plugin.to_json()}, START_SECONDS)
                if "error" in said:
                    process.kill()
                    raise Silent(said["error"])
                self._process = process
            return self._process
