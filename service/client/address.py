"""Checks a server's address, and values of headers, before anything is sent."""

from __future__ import annotations

import re

import httpx2

from grokscale.service.client.errors import InvalidArgument

_PASSWORD = re.compile(r"(?<=//)[^/@]*@")


def address(url: str) -> httpx2.URL:
    """Return the address of a server.

    Raises:
        InvalidArgument: it cannot be an address; the message shows no password.
    """
    try:
        parsed = httpx2.URL(url.strip())
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise _refused(url, str(error)) from None
    if parsed.scheme not in ("http", "https"):
        raise _refused(url, "it does not begin with http:// or https://")
    if re.search(r"\s", url.strip()):
        raise _refused(url, "it holds a space")
    if not parsed.host:
        raise _refused(url, "it names no host")
    if parsed.query or parsed.fragment:
        raise _refused(url, "it has a query or a fragment")
    return parsed


def shown(url: str | httpx2.URL) -> str:
    """Return an address as a message may show it: without user and password."""
    return _PASSWORD.sub("", str(url)).rstrip("/")


def visible(text: str, name: str, spaces: bool = False) -> str:
    """Return a text that can be the value of a header.

    Raises:
        InvalidArgument: a header cannot carry it; the message shows none of it, since it may be a secret.
    """
    allowed = r"[\x20-\x7e]" if spaces else r"[\x21-\x7e]"
    if re.fullmatch(f"{allowed}+", text):
        return text
    accepted = f"printable ASCII{'' if spaces else ' without spaces'}, at least one character"
    place = next((i for i, character in enumerate(text) if not re.match(allowed, character)), None)
    fault = "is empty" if place is None else f"has a character (number {place + 1}) that no header can carry"
    raise InvalidArgument(f"{name} {fault}; accepted: {accepted}")


def _refused(url: str, why: str) -> InvalidArgument:
    example = "accepted: an address such as http://127.0.0.1:8000 (GROKSCALE_URL)"
    return InvalidArgument(f"the server's URL {shown(url)!r} cannot be used: {why}; {example}")
