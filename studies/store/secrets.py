"""The database's secret, created with its tables, and the keys derived from it, on which all processes agree."""

from __future__ import annotations

import hmac
from typing import Literal

from sqlalchemy import Connection, select

from grokscale.studies.store.models import Secret

Purpose = Literal["caller", "checkpoints"]


def hashed(connection: Connection, caller: str) -> str:
    """Return the keyed hash by which a caller is stored."""
    return derive(connection, "caller", caller).hex()


def derive(connection: Connection, purpose: Purpose, subject: str) -> bytes:
    """Return 32 bytes for a purpose and a subject, which only somebody who can read the database can compute."""
    root = connection.execute(select(Secret.value).where(Secret.name == "root")).scalar_one()
    return hmac.digest(root, f"{purpose}\0{subject}".encode(), "sha256")
