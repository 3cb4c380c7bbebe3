"""What a driver is asked to do: by its runner, through the wire, and by users, through the study's state."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Literal, NoReturn

import structlog

from grokscale.studies.lifecycle import State
from grokscale.studies.runner.persistence import firmly
from grokscale.studies.runner.wire import Wire
from grokscale.studies.store import DatabaseUnavailable, Store

log = structlog.stdlib.get_logger("grokscale.studies.runner")

Wanted = Literal["run", "stop", "pause", "cancel", "leave"]
"""`stop`: finish the packs that have begun, and begin no other. `pause`, `leave`: write checkpoints and end; the
study is then paused, or free for the next runner. `cancel`: end."""

_ASKED: dict[State, Wanted] = {"stopping": "stop", "pausing": "pause", "cancelling": "cancel"}

LOOK_SECONDS = 0.5
PATIENCE: dict[Wanted, float] = {"pause": 10.0, "cancel": 4.0, "leave": 5.0}
"""Seconds that packs, Tune and Ray have to end in order; after that this process exits, and Ray ends its workers."""


class Control:
    """What is wanted at this moment. Two threads keep it up to date: one reads the wire, one polls the study's
    state.

    Args:
        store: asked for the state.
        study_id: of the study.
        wire: to the runner.
        conclude: brings the rows to the wanted state and ends the process; called if the main thread does not do so
            in time.
    """

    def __init__(self, store: Store, study_id: str, wire: Wire, conclude: Callable[[Wanted], NoReturn]) -> None:
        self._store, self._study_id, self._wire, self._conclude = store, study_id, wire, conclude
        self._leave = False
        self._told: dict[str, int] = {}
        self._since: float | None = None
        self._changed = threading.Condition()
        self.wanted: Wanted = "run"
        self.waits_for: str | None = None
        """Why the study is given back to the queue; None: it is not, or the next runner may take it at once."""
        self.limit = 0
        """A pack may begin while Tune has fewer packs than this."""
        self.keep = 0
        """Packs beyond this number are given up, to make room for another study's."""
        self.slots: int | None = None
        """How many packs of this study fit into the whole cluster, as it is or as it may grow; None: the runner has
        not said yet."""

    def tell(self, packs: int, running: int) -> None:
        """Tell the runner how many packs the study can use now, and how many it has, if that has changed."""
        told = {"packs": packs, "running": running}
        if told != self._told:
            self._told = told
            self._wire.say(**told)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until what the runner grants, or what is wanted, has changed, for at most `seconds`."""
        with self._changed:
            self._changed.wait(seconds)

    def give_back(self, reason: str) -> None:
        """Have running packs checkpointed, and the study queued: the cluster lacks something that it needs."""
        self.waits_for, self._leave = reason, True
        self._wire.say(waits=True)
        self._want("leave")

    def start(self) -> None:
        """Look once, then go on looking in a thread of its own."""
        firmly(self._look)
        threading.Thread(target=self._read, daemon=True, name="wire").start()
        threading.Thread(target=self._watch, daemon=True, name="state").start()

    def _read(self) -> None:
        for message in self._wire.messages():
            if "slots" in message:
                self._grant(**message)
            if "leave" in message:
                self._leave = True
                self._want("leave")
        os._exit(1)  # the runner is gone, however it went: the next one takes the study over

    def _grant(self, limit: int, keep: int, slots: int) -> None:
        with self._changed:
            self.limit, self.keep, self.slots = limit, keep, slots
            self._changed.notify_all()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self._look()
            except DatabaseUnavailable as error:
                log.warning("study's state unknown", error=str(error))
            if self._overdue():
                log.warning("ending without order", wanted=self.wanted)
                self._conclude(self.wanted)

    def _look(self) -> None:
        if not self._leave:
            self._want(_ASKED.get(self._store.state(self._study_id), "run"))

    def _want(self, wanted: Wanted) -> None:
        if wanted != self.wanted:
            log.info("asked", wanted=wanted)
            with self._changed:
                self.wanted, self._since = wanted, time.monotonic()
                self._changed.notify_all()

    def _overdue(self) -> bool:
        patience = PATIENCE.get(self.wanted)
        return patience is not None and self._since is not None and time.monotonic() - self._since > patience
