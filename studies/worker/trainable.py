"""One pack as one trial of Ray Tune: what runs in a Ray worker. No database here, and no credential."""

from __future__ import annotations

import faulthandler
import platform
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

import ray

from grokscale.studies.worker import payload
from grokscale.studies.worker.attempts import TRACE, Attempts
from grokscale.studies.worker.raytune import Trainable
from grokscale.trainers import files
from grokscale.trainers.checkpoint import Place
from grokscale.trainers.plugins.loading import Lacking
from grokscale.trainers.plugins.plugin import Plugin
from grokscale.trainers.tasks import registry
from grokscale.trainers.trial import Pack


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker receives with a pack.

    Attributes:
        pack: the trials of the pack that are left.
        attempts: where the study's checkpoints are, and the key that authenticates them, which is the only secret
            that a worker knows. Like everything between driver and worker it is sent through Ray, which is protected
            by the cluster's token.
        ancestry: ids of the pack and of those that it was made from, whose checkpoints it can use.
        silence_seconds: the worker ends its own process if a report takes longer.
        plugin: the task, if it is one from outside; the worker imports exactly that code, or refuses the pack.
    """

    pack: Pack
    attempts: Attempts
    ancestry: tuple[str, ...]
    silence_seconds: float
    plugin: Plugin | None = None

    def __str__(self) -> str:
        return self.pack.id  # Tune makes names of it

    def __deepcopy__(self, memo: object) -> Self:
        return self  # Tune copies every configuration several times


class PackTrainable(Trainable):
    """Trains one pack after another, and reports about once a second.

    If this machine lacks the code of the task, the only result of a pack says what it `lacks`, and its `host`.

    The first result of a pack comes at once: `attempt`, `host`, `node`, and `actor`, its own handle. The next one says
    which checkpoints were `refused` and why, where any were. Each later one has `step`, `steps` (column steps since the
    last), `alive`, `seconds_left`, `preparing`, and perhaps `outcomes` (see `payload`); the last has `ended` or, where
    the pack raised, `error`.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Take the first pack."""
        # here and not above: the driver imports this module too, and needs no torch
        from grokscale.trainers.pack import train

        self._trainer = train
        self._tasks: list[Plugin | None] = []
        self._take(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take another pack in the same process."""
        self.cleanup()
        self._take(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Return the pack's next result, within `silence_seconds`."""
        return self._guarded(lambda: next(self._results))

    def cleanup(self) -> None:
        """Checkpoint a pack that has not ended, within `silence_seconds`."""
        self._stopping = True
        self._guarded(lambda: [None for _ in self._results])

    def _take(self, config: dict[str, Any]) -> None:
        self._assignment: Assignment = config["assignment"]
        self.config = {}  # would go along with every result
        self._stopping = False
        self._trace: BinaryIO | None = None
        self._results = self._run(self._assignment)

    def _guarded(self, work: Any) -> Any:
        # a thread of the C library's: it ends the process also where a loop in C code never gives up the interpreter
        faulthandler.dump_traceback_later(self._assignment.silence_seconds, exit=True, file=self._trace or sys.stderr)
        try:
            return work()
        finally:
            faulthandler.cancel_dump_traceback_later()

    def _run(self, assignment: Assignment) -> Iterator[dict[str, Any]]:
        if self._stopping:
            return
        host = platform.node()
        try:
            self._take_task(assignment)
        except Lacking as error:
            yield {"lacks": str(error), "host": host, "done": True}
            return
        number, place = assignment.attempts.begin(assignment.pack.id)
        with files.create(place.directory / TRACE, own=place.own) as trace:
            self._trace = trace
            here = ray.get_runtime_context()
            yield {"attempt": number, "host": host, "node": here.get_node_id(), "actor": here.current_actor}
            try:
                yield from self._train(assignment, place)
            except Exception as error:
                if _device_may_be_lost():
                    raise  # the next pack deserves a process that works
                yield {"error": _describe(error), "done": True}
            finally:
                self._trace = None

    def _take_task(self, assignment: Assignment) -> None:
        """Offer, in this process, the tasks of this package and the one from outside that the assignment names."""
        if self._tasks == [assignment.plugin]:
            return
        if assignment.plugin is None:
            registry.offer(())
        else:
            registry.carry_out(assignment.plugin)
        self._tasks = [assignment.plugin]

    def _train(self, assignment: Assignment, place: Place) -> Iterator[dict[str, Any]]:
        if self._stopping:
            return
        resume, refused = assignment.attempts.resume(assignment.ancestry)
        if refused:
            yield {"refused": refused}
        for report in self._trainer(assignment.pack, place=place, resume=resume, stop=lambda: self._stopping):
            state = {name: getattr(report, name) for name in ("step", "alive", "seconds_left", "preparing")}
            steps = report.steps
            for piece in payload.pieces(report.outcomes):
                yield {**state, "steps": steps, "outcomes": payload.pack(piece)}
                steps = 0
            if report.done:
                yield {**state, "steps": steps, "ended": True, "done": True}
            elif not report.outcomes:
                yield {**state, "steps": steps}
        if not self._stopping:
            raise RuntimeError("the pack ended without a last report")


def _device_may_be_lost() -> bool:
    """After an error on a GPU every later call in the process may fail."""
    import torch

    return torch.cuda.is_available() and torch.cuda.is_initialized()


def _describe(error: Exception) -> Mapping[str, Any]:
    lines = traceback.format_exception(error)
    return {"type": type(error).__name__, "message": str(error), "traceback": "".join(lines)}
