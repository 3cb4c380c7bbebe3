"""Places go back to the cluster as soon as the study has nothing to put there."""

from __future__ import annotations

from typing import Any

from grokscale.studies.worker.raytune import FIFOScheduler, Trial


class Places(FIFOScheduler):
    """Tune's order of submission, without the worker that Tune keeps for a trial that may come.

    That worker holds its place in the cluster for as long as another pack of its study runs, be it for hours, while a
    study beside it waits for just that place.
    """

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Return the trial that Tune would; asked after the searcher was, in every step of Tune's loop."""
        trial = super().choose_trial_to_run(tune_controller)
        if trial is None:  # nothing waits for a worker: whatever is kept now is kept for nothing
            tune_controller._cleanup_cached_actors(force_all=True)
        return trial
