"""What the client shows of a study that runs."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from grokscale.service.client.progress import _Lines


def study(state: str, ended: int = 0, eta: float | None = None, **progress: Any) -> dict[str, Any]:
    return {"name": "s", "state": state, "progress": {"total": 90, "ended": ended, "eta_seconds": eta, **progress}}


def shown(*studies: dict[str, Any]) -> list[str]:
    text = StringIO()
    show = _Lines(Console(file=text))
    for one in studies:
        show(one)
    return text.getvalue().splitlines()


def test_a_study_that_prepares_says_for_how_long_once() -> None:
    assert shown(
        study("queued", preparing=None),
        study("running", eta=18.0, preparing={"seconds_left": 17.2}),
        study("running", eta=16.0, preparing={"seconds_left": 15.1}),
        study("running", eta=1.0, preparing=None),
    ) == [
        "s (queued): 0/90 trials",
        "s (running): 0/90 trials preparing, about 17 s; about 18 s left in all",
        "s (running): 0/90 trials about 1 s left",
    ]


def test_a_server_that_does_not_speak_of_preparing_is_understood() -> None:
    assert shown(study("running", ended=45, eta=3.0)) == ["s (running): 45/90 trials about 3 s left"]
