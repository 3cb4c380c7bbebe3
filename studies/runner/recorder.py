"""Writes results as rows as they arrive: the only way in which a driver writes."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import structlog

from grokscale.studies.runner.control import Control
from grokscale.studies.runner.inquest import Inquest
from grokscale.studies.runner.persistence import firmly
from grokscale.studies.runner.work import Running, Work
from grokscale.studies.store import Lease, NotEnded, Store
from grokscale.studies.worker import payload
from grokscale.studies.worker.raytune import Callback, Trial

log = structlog.stdlib.get_logger("grokscale.studies.runner")

PROGRESS_SECONDS = 1.0
"""Seconds between two progress rows of one pack."""


class Recorder(Callback):
    """Commits what packs report, and records which packs end, fail or are withdrawn.

    Args:
        store: written under the lease.
        lease: of the study.
        work: the packs in Tune's hands, by Tune's name.
        inquest: decides what becomes of attempts that end badly.
        control: gives the study back if a worker cannot run it.
    """

    def __init__(self, store: Store, lease: Lease, work: Work, inquest: Inquest, control: Control) -> None:
        self._store, self._lease, self._work, self._inquest = store, lease, work, inquest
        self._control = control

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its parts for `Tuner.restore`, which nobody calls: the rows are the truth."""
        return {}

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Write one result, and remove what is large from it: Tune keeps a trial's last result and writes it to its
        snapshots.
        """
        running = self._work.running[trial.trial_id]
        running.silent = 0.0
        if "lacks" in result:
            self._lack(running, result)
        elif "attempt" in result:
            self._begin(running, result)
        elif "outcomes" in result:
            self._commit(running, result.pop("outcomes"))
        elif "refused" in result:
            self._pass_over(running, result.pop("refused"))
        if "step" in result:
            self._progress(running, result)
        if "ended" in result:
            self._end(running)
        elif "error" in result:
            self._inquest.fail(running, result.pop("error"))

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Handle a trial that Tune has completed: its pack has ended, has raised, or was held back."""
        self._work.end(trial.trial_id)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Handle the death of a worker."""
        running = self._work.running[trial.trial_id]
        if running.withdrawn:
            firmly(self._store.rest_pack, self._lease, running.pack_id)
        else:
            # Tune calls back while it handles what Ray raised; its own way to hand that on is a pickle in a file
            cause = sys.exception()
            self._inquest.open(running, self._death(running, cause), cause)
        self._work.end(trial.trial_id)

    def _begin(self, running: Running, result: dict[str, Any]) -> None:
        attempt, host = result["attempt"], result["host"]
        running.attempt, running.host, running.node, running.actor = attempt, host, result["node"], result.pop("actor")
        if not result["done"]:
            firmly(self._store.pack_started, self._lease, running.pack_id, attempt, host)

    def _lack(self, running: Running, result: Mapping[str, Any]) -> None:
        """Give the study back: a worker lacks the code of its task, so no attempt began, and none can until that is
        mended.
        """
        reason = f"{result['host']}: {result['lacks']}"
        log.warning("worker lacks the task", pack=running.pack_id, reason=reason)
        firmly(self._store.rest_pack, self._lease, running.pack_id)
        self._control.give_back(reason)

    def _pass_over(self, running: Running, refused: list[str]) -> None:
        """Log checkpoints that were not accepted: the pack goes on from an older one, or begins anew."""
        told = {"pack": running.pack_id, "host": running.host, "count": len(refused), "reason": refused[-1]}
        log.warning("checkpoints not taken", **told)

    def _commit(self, running: Running, outcomes: bytes) -> None:
        assert running.attempt is not None
        assert running.host is not None
        ended = payload.unpack(outcomes)
        firmly(self._store.commit, self._lease, running.pack_id, ended, running.attempt, running.host)

    def _progress(self, running: Running, result: Mapping[str, Any]) -> None:
        running.steps += result["steps"]
        now = time.monotonic()
        elapsed = now - running.told
        if elapsed < PROGRESS_SECONDS:
            return
        speed = running.steps / elapsed
        said = (result[name] for name in ("seconds_left", "preparing"))
        firmly(self._store.pack_progress, self._lease, running.pack_id, result["step"], speed, *said)
        running.told, running.steps = now, 0

    def _end(self, running: Running) -> None:
        try:
            firmly(self._store.end_pack, self._lease, running.pack_id)
            running.ended = True
        except NotEnded as error:
            self._inquest.fail(running, {"type": "NotEnded", "message": str(error)})

    def _death(self, running: Running, error: BaseException | None) -> dict[str, Any]:
        """Describe an attempt whose process ended before it could report an error itself."""
        silent = running.assignment.attempts.trace(running.pack_id, running.attempt)
        if silent is not None:
            seconds = running.assignment.silence_seconds
            return {"type": "Silent", "message": f"nothing reported for {seconds:g} s", "traceback": silent}
        text = str(error)
        return {"type": type(error).__name__, "message": text.partition("\n")[0], "traceback": text}
