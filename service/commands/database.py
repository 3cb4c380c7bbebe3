"""Opens the database that the settings name, for a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grokscale.service.commands.errors import CommandFailed

if TYPE_CHECKING:
    from grokscale.studies.settings import Settings
    from grokscale.studies.store import Store


def migrated(settings: Settings) -> Store:
    """Return the store at this program's schema: an embedded database is migrated here, another one has to be
    migrated before.

    Raises:
        CommandFailed: the database cannot be used, or has another schema; the message says what to do.
    """
    from grokscale.studies.store import StoreError, open_store

    try:
        store = open_store(settings.url)
        if settings.embedded:
            store.migrate()
        else:
            store.check_schema()
        return store
    except StoreError as error:
        raise CommandFailed(str(error)) from error
