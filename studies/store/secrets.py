"""The database's one secret, made with its tables, and the keys that come of it: all processes agree on them."""

from __future__ import annotations

import hmac
from typing import Literal

from sqlalchemy import Connection, select

from grokscale.studies.store.models import Secret

Purpose = Literal["caller", "checkpoints"]


def hashed(connection: Connection, caller: str) -> str:
    """Return what is written of a caller."""
    return derive(connection, "caller", caller).hex()


def derive(connection: Connection, purpose: Purpose, subject: str) -> bytes:
    """Return the 32 bytes of a purpose and a subject, which nobody can compute who cannot read the database."""
    root = connection.execute(select(Secret.value).where(Secret.name == "root")).scalar_one()
    return hmac.digest(root, f"{purpose}\0{subject}".encode(), "sha256")
