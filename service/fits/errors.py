"""What the routes of fits refuse."""

from __future__ import annotations

from grokscale.service.problems import ApiError


class FitNotFound(ApiError):
    """There is no fit with this id."""

    status, kind, title = 404, "fit-not-found", "No such fit"


class UnreadableBody(ApiError):
    """The body is no text, so that it cannot be JSON either."""

    status, kind, title = 400, "http-error", "HTTP error"
