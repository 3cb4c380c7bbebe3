"""What the routes of trials refuse."""

from __future__ import annotations

from grokscale.service.problems import ApiError


class TrialNotFound(ApiError):
    """There is no trial with this id."""

    status, kind, title = 404, "trial-not-found", "No such trial"
