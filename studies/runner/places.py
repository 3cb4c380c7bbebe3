"""Returns places to the cluster as soon as the study has no pack for them."""

from __future__ import annotations

from typing import Any

from grokscale.studies.worker.raytune import FIFOScheduler, Trial


class Places(FIFOScheduler):
    """Tune's scheduler in order of submission, but without keeping an idle worker for a trial that may come.

    Such a worker would hold its place in the cluster as long as another pack of its study runs, possibly for hours,
    while another study waits for that place.
    """

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Return the trial that Tune would choose. Tune calls this after the searcher, in every step of its loop."""
        trial = super().choose_trial_to_run(tune_controller)
        if trial is None:  # nothing waits for a worker: whatever is kept now is kept for nothing
            tune_controller._cleanup_cached_actors(force_all=True)
        return trial
