"""What the route of phases refuses."""

from __future__ import annotations

from grokscale.service.problems import ApiError


class InvalidPhases(ApiError):
    """An argument names something that is not there, or leaves no room beside the others; `known` says what is."""

    status, kind, title = 422, "invalid-phases", "Invalid phase diagram"
