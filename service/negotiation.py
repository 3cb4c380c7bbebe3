"""Which media type to answer with, by the Accept header (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from grokscale.service.problems import NotAcceptable

ALIASES = {
    "application/ndjson": "application/x-ndjson",
    "application/jsonl": "application/x-ndjson",
    "application/parquet": "application/vnd.apache.parquet",
    "application/x-parquet": "application/vnd.apache.parquet",
}
"""Other names that programs use for the media types that are served here."""


def choose(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered type that the caller prefers; of equal ones the first offered.

    Raises:
        NotAcceptable: none of them will do.
    """
    ranges = [_parsed(one) for one in (accept or "*/*").split(",") if one.strip()]
    quality = {media: _quality(media, ranges) for media in offered}
    best = max(offered, key=lambda media: quality[media])
    if quality[best] <= 0:
        raise NotAcceptable(f"Accept: {accept} is not served here; accepted: {', '.join(offered)}")
    return best


def _parsed(one: str) -> tuple[str, float]:
    media, *parameters = (part.strip() for part in one.lower().split(";"))
    media = ALIASES.get(media, media)
    q = next((p.removeprefix("q=") for p in parameters if p.startswith("q=")), "1")
    try:
        return media, float(q)
    except ValueError:
        return media, 0.0


def _quality(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the quality of the most specific range that covers the type; 0 where none does."""
    for covering in (media, f"{media.partition('/')[0]}/*", "*/*"):
        for name, quality in ranges:
            if name == covering:
                return quality
    return 0.0
