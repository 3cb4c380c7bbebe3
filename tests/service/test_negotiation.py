"""Which media type an Accept header gets."""

from __future__ import annotations

import pytest

from grokscale.service.negotiation import choose
from grokscale.service.problems import NotAcceptable

OFFERED = ("application/json", "text/csv")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv"),
        ("text/csv;q=0.5, */*", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        ("image/png, text/csv;q=0.1", "text/csv"),
        ("text/html, */*;q=0.8", "application/json"),
    ],
)
def test_the_best_offer_is_chosen(accept: str | None, chosen: str) -> None:
    assert choose(accept, OFFERED) == chosen


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "*/*;q=0", "text/csv;q=one", "nonsense"])
def test_where_nothing_will_do_it_says_so(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose(accept, OFFERED)
