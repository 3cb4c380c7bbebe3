"""`grokscale doctor`: whether a server can work here, a line each."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from grokscale.extras import extra
from grokscale.service.commands.options import DataDir
from grokscale.service.commands.settings import settings as read_settings
from grokscale.service.commands.tasks import offer
from grokscale.studies.privacy import openness


def doctor(data_dir: DataDir = None) -> None:
    """Look at what a server needs here, without starting one: its directory, its database, and tasks from outside."""
    failed = False
    for what, problem in [*_place(data_dir), *_tasks()]:
        failed = failed or problem is not None
        print(f"{what}: {problem or 'ok'}")
    if failed:
        raise typer.Exit(1)


def _place(data_dir: DataDir) -> Iterator[tuple[str, str | None]]:
    settings = read_settings(data_dir=data_dir)
    there = settings.data_dir.exists()
    yield f"data directory {settings.data_dir}", openness(settings.data_dir) if there else None
    if there or not settings.embedded:
        yield "database", _database(settings.url)


def _database(url: str) -> str | None:
    with extra("server"):
        from grokscale.studies.store import StoreError, open_store
    try:
        store = open_store(url)
        store.check_schema()
        store.close()
    except StoreError as error:
        return str(error)
    return None


def _tasks() -> Iterator[tuple[str, str | None]]:
    outside = offer()
    yield from ((f"task {plugin.kind} of {plugin.code}", None) for plugin in outside.plugins)
    yield from ((f"task of {trouble.source}", trouble.reason) for trouble in outside.troubles)
