"""Keyset cursors: opaque to the client, bound to one list, and stable when rows come or go."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from grokscale.studies.store.errors import InvalidCursor

_INTEGERS = range(-(2**63), 2**63)


def seal(*parts: Any) -> str:
    """Return a short digest of what identifies a list: its filter and its sort order."""
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()[:12]


def encode(list_seal: str, *keys: int | float | str) -> str:
    """Return the cursor that continues after the row with these sort keys."""
    text = json.dumps([list_seal, *keys], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, list_seal: str, *kinds: type) -> list[Any]:
    """Return the sort keys in a cursor of this list.

    Raises:
        InvalidCursor: it is damaged, or of another list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise InvalidCursor("not a cursor of this interface") from None
    if not isinstance(found, list) or not found or not isinstance(found[0], str):
        raise InvalidCursor("not a cursor of this interface")
    if found[0] != list_seal:
        raise InvalidCursor("this cursor belongs to another list, filter or sort: begin without a cursor")
    keys = found[1:]
    if len(keys) != len(kinds) or not all(map(_fits, keys, kinds)):
        raise InvalidCursor("not a cursor of this interface")
    return keys


def _fits(key: Any, kind: type) -> bool:
    return type(key) is kind and (kind is not int or key in _INTEGERS)
