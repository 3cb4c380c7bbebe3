"""Packs as the suggestions of a Tune search algorithm; retries and halves are suggested as they arise."""

from __future__ import annotations

from typing import Any

from grokscale.studies.runner.control import Control
from grokscale.studies.runner.work import Work
from grokscale.studies.worker.raytune import Searcher


class PackSearcher(Searcher):
    """Suggests the next pack as long as the study's share of the cluster has room for it.

    If nothing runs and no pack may begin, the Tune run ends: its idle worker would hold a place that belongs to
    another study.
    """

    def __init__(self, work: Work, control: Control) -> None:
        super().__init__()
        self._work, self._control = work, control

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its parts for `Tuner.restore`, which nobody calls: the rows are the truth."""
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return the next pack; None: not now; FINISHED (a text, which Tune's own type does not allow for): no more.

        It is never None while nothing runs: Tune would then sleep for a second between two calls, and call nothing
        else.
        """
        finished: Any = Searcher.FINISHED
        running = len(self._work.running)
        allowed = self._control.wanted == "run" and self._work.places < self._control.limit
        assignment = self._work.begin(trial_id) if allowed else None
        if assignment is None:
            return None if running else finished
        return {"assignment": assignment}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Do nothing: the recorder writes what there is to know."""

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: nobody uses Tune's snapshots, since the rows are the truth."""

    def restore(self, checkpoint_path: str) -> None:
        """See `save`."""
