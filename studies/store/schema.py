"""Schema revisions: that of the database, that of this program, and the migration from one to the other."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, update

from grokscale.studies.store.errors import SchemaOutdated
from grokscale.studies.store.functions import Now
from grokscale.studies.store.models import Probe
from grokscale.studies.store.records import Schema

if TYPE_CHECKING:
    from grokscale.studies.store.engine import Database

VERSION_TABLE = "gs_alembic_version"
_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x67726F6B
"""Key of the advisory lock that serialises migrations on PostgreSQL ("grok")."""


def config(connection: Connection | None = None) -> Config:
    """Return the alembic configuration; migrations run on `connection`, in its transaction."""
    made = Config()
    made.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


@cache
def head() -> str:
    """Return the revision that this program needs."""
    found = _scripts().get_current_head()
    assert found is not None
    return found


def migrate(database: Database) -> None:
    """See `Store.migrate`. One transaction; a second process waits, and then finds nothing to do."""
    with database.alter() as connection:
        if not database.sqlite:  # there the write transaction itself excludes every other
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        found = _current(connection)
        if found != head() and not _known(found):
            raise SchemaOutdated(found, head(), newer=True)
        command.upgrade(config(connection), "head")


def revisions(database: Database) -> Schema:
    """See `Store.schema`."""
    with database.read() as connection:
        return Schema(_current(connection), head())


def probe(connection: Connection) -> None:
    """See `Store.probe`."""
    connection.execute(update(Probe).values(written=Now()))


def check(database: Database) -> None:
    """See `Store.check_schema`."""
    found = revisions(database)
    if found.current != found.head:
        raise SchemaOutdated(found.current, found.head, newer=not _known(found.current))


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def _known(revision: str | None) -> bool:
    return revision is None or revision in {script.revision for script in _scripts().walk_revisions()}
