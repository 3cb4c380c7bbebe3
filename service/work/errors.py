"""Why dear work is not done."""

from __future__ import annotations

from grokscale.service.problems import ApiError


class Busy(ApiError):
    """The server is at as many such requests as it takes at once; come again after `Retry-After` seconds."""

    status, kind, title = 503, "busy", "Too many such requests at once"


class FitTooLong(ApiError):
    """The fit was ended at the server's deadline: it asks for too much. The same again would take as long."""

    status, kind, title = 422, "fit-too-long", "The fit takes too long"


class FitterGone(ApiError):
    """The process that fitted has ended, with the server or for want of memory; try again."""

    status, kind, title = 503, "fitter-gone", "The fit was cut off"


class ClientLeft(ApiError):
    """Nobody is there to be answered. Seen in the log alone."""

    status, kind, title = 499, "client-left", "The client has left"
