"""Tiny databases of every schema version, as data: `versions/<revision>.json` holds table name to rows.

A new migration adds a file: `python tests/studies/store/old_databases.py REVISION` writes it from a study that the
present code makes. Files of released versions never change.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, DateTime, LargeBinary, MetaData, insert, select

from grokscale.studies.store import Store, open_store, schema
from grokscale.studies.store.engine import Database

VERSIONS = Path(__file__).parent / "versions"


def load(database: Database, revision: str) -> None:
    """Make the tables of a revision and fill them with its data."""
    data = json.loads((VERSIONS / f"{revision}.json").read_text())
    with database.alter() as connection:
        command.upgrade(schema.config(connection), revision)
        for table in _tables(connection).sorted_tables:
            rows = [{c.name: _read(c.type, row[c.name]) for c in table.columns} for row in data.get(table.name, [])]
            if rows:
                connection.execute(table.delete())  # what the migration itself put there
                connection.execute(insert(table), rows)


def dump(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all tables as JSON can hold them."""
    tables = _tables(connection).sorted_tables
    return {
        table.name: [{k: _write(v) for k, v in row.items()} for row in connection.execute(select(table)).mappings()]
        for table in tables
    }


def _tables(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name.startswith("gs_") and name != schema.VERSION_TABLE)
    return found


def _read(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value)
    return bytes.fromhex(value) if isinstance(kind, LargeBinary) else value


def _write(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def _sample(store: Store) -> None:
    from samples import add, failed, outcome

    add(store, name="old", configurations=2, seeds=2, per_pack=4)
    lease = store.claim("runner", 0)
    assert lease is not None
    pack = store.open_packs(lease)[0]
    store.pack_started(lease, pack.id, 1, "host")
    store.commit(lease, pack.id, [outcome(0, points=2), outcome(1, points=2), failed(2)], 1, "host")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/old.db")
        store.migrate()
        _sample(store)
        with store._database.read() as connection:
            text = json.dumps(dump(connection), indent=1)
    (VERSIONS / f"{sys.argv[1]}.json").write_text(text + "\n")
