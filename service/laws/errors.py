"""What the route of laws refuses."""

from __future__ import annotations

from grokscale.service.problems import ApiError


class TooLittleData(ApiError):
    """There is too little to fit; `detail` says what is missing, `counts` what there is."""

    status, kind, title = 409, "too-little-data", "Too little to fit"


class InvalidLaw(ApiError):
    """The response or an argument names something that is not there, or does not parse."""

    status, kind, title = 422, "invalid-law", "Invalid law"
