"""What the route of charts refuses."""

from __future__ import annotations

from grokscale.service.problems import ApiError


class ChartNotFound(ApiError):
    """There is no chart of this name, or none in this format; `known` has those that there are."""

    status, kind, title = 404, "chart-not-found", "No such chart"


class NothingToDraw(ApiError):
    """The study has nothing for this chart so far; `detail` says what is missing."""

    status, kind, title = 409, "nothing-to-draw", "Nothing to draw"
