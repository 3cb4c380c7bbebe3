"""Packs as the suggestions of a Tune search algorithm: retries and halves come out as they arise."""

from __future__ import annotations

from typing import Any

from grokscale.studies.runner.control import Control
from grokscale.studies.runner.work import Work
from grokscale.studies.worker.raytune import Searcher


class PackSearcher(Searcher):
    """Suggests the next pack while the study's share of the cluster has room for it.

    Where nothing runs and none may begin the Tune run ends: its idle worker would hold a place that is another's.
    """

    def __init__(self, work: Work, control: Control) -> None:
        super().__init__()
        self._work, self._control = work, control

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its parts for `Tuner.restore`, which nobody calls: the rows are the truth."""
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return the next pack; None: not now; FINISHED (a text, for which Tune's own type has no place): no more.

        Never None while nothing runs: Tune would sleep a second between questions and ask nobody else meanwhile.
        """
        finished: Any = Searcher.FINISHED
        running = len(self._work.running)
        allowed = self._control.wanted == "run" and self._work.places < self._control.limit
        assignment = self._work.begin(trial_id) if allowed else None
        if assignment is None:
            return None if running else finished
        return {"assignment": assignment}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing to learn: the recorder keeps the books."""

    def save(self, checkpoint_path: str) -> None:
        """Tune's snapshots serve nobody here: the rows are the truth."""

    def restore(self, checkpoint_path: str) -> None:
        """See `save`."""
