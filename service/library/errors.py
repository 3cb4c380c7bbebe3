"""What the routes of the library refuse."""

from __future__ import annotations

from grokscale.service.problems import ApiError


class ItemNotFound(ApiError):
    """The library has no study of this name."""

    status, kind, title = 404, "library-item-not-found", "No such study in the library"
