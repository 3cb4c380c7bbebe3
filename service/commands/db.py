"""`grokscale db`: the database."""

from __future__ import annotations

import typer

from grokscale.extras import extra
from grokscale.service.commands.errors import CommandFailed
from grokscale.service.commands.options import DataDir
from grokscale.service.commands.settings import settings
from grokscale.studies.privacy import keep_private

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def _db() -> None:
    """The database."""


@app.command()
def upgrade(data_dir: DataDir = None) -> None:
    """Bring the tables to this program's revision. The database is GROKSCALE_DATABASE_URL, else SQLite in DATA_DIR."""
    with extra("server"):
        from grokscale.studies.store import StoreError, open_store

    keep_private()
    try:
        store = open_store(settings(data_dir=data_dir).url)
        before = store.schema().current
        store.migrate()
        after = store.schema().current
    except StoreError as error:
        raise CommandFailed(str(error)) from error
    print(f"schema revision {after}" + (" (was already)" if before == after else f" (was {before})"))
