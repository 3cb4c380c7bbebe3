"""Called between any two steps of Tune's loop: ends what should end, and what shows no sign of life."""

from __future__ import annotations

import time
from typing import Any

import structlog

from grokscale.studies.runner.control import Control
from grokscale.studies.runner.inquest import Inquest, kill
from grokscale.studies.runner.work import Work
from grokscale.studies.worker.raytune import Stopper

log = structlog.stdlib.get_logger("grokscale.studies.runner")

_GRACE_SECONDS = 30.0
"""Allowed beyond a pack's `silence_seconds`: a worker ends itself first, and a new one has to import torch."""
_LONGEST_TICK = 1.0
"""If two looks are further apart than this, the time was lost in this process itself, for example waiting for the
database."""


class Overseer(Stopper):
    """Asked by Tune after every event, at least ten times a second."""

    def __init__(self, work: Work, control: Control, inquest: Inquest) -> None:
        self._work, self._control, self._inquest = work, control, inquest
        self._looked = time.monotonic()

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its parts for `Tuner.restore`, which nobody calls: the rows are the truth."""
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Hold back a pack that has only just begun, if no more packs should begin."""
        return "attempt" in result and self._control.wanted != "run"

    def stop_all(self) -> bool:
        """Return whether everything should end now."""
        self._listen()
        self._inquest.look()
        self._control.tell(self._work.usable, self._work.places)
        wanted = self._control.wanted
        if wanted == "cancel":
            # nothing of them is wanted: no last report, no checkpoint
            for running in self._work.running.values():
                kill(running)
        elif wanted == "run":
            self._work.cut(self._control.slots or 0)
            self._make_room()
        return wanted in ("cancel", "pause", "leave")

    def _listen(self) -> None:
        now = time.monotonic()
        tick, self._looked = min(now - self._looked, _LONGEST_TICK), now
        for running in list(self._work.running.values()):
            if running.actor is None:
                continue  # waits for its turn, or starts: that is Ray's to watch
            running.silent += tick
            if running.silent > running.assignment.silence_seconds + _GRACE_SECONDS:
                log.warning("worker shows no sign of life", pack=running.pack_id, host=running.host)
                running.silent = 0.0
                kill(running)

    def _make_room(self) -> None:
        """Give up packs beyond the study's share, the last begun first; they go on later from their checkpoints."""
        begun = [running for running in self._work.running.values() if running.actor is not None]
        for running in begun[self._control.keep :]:
            if not running.withdrawn:
                log.info("pack makes room", pack=running.pack_id)
                running.withdrawn = True
                kill(running)
