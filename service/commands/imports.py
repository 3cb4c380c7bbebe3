"""`grokscale import`: runs that were made elsewhere, as a study."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from grokscale.service.client import Client
from grokscale.service.commands.errors import CommandFailed

_IMPORTED = "imported"


def import_runs(
    file: Annotated[Path, typer.Argument(help="A table of finished runs: .csv or .parquet.")],
    name: Annotated[str | None, typer.Option(help="Of the study (default: the file's).")] = None,
    rate: Annotated[str | None, typer.Option(help="Such as lr*weight_decay (default alpha*beta).")] = None,
    data: Annotated[str | None, typer.Option(help="Columns that name the data, comma-separated; empty: none.")] = None,
    rename: Annotated[list[str] | None, typer.Option(metavar="OLD=NEW", help="What a column shall be called.")] = None,
    ignore: Annotated[str | None, typer.Option(help="Columns to leave out, comma-separated.")] = None,
    steps_per_unit: Annotated[float | None, typer.Option(help="Steps in one unit of the times (default 1).")] = None,
    train_threshold: Annotated[float | None, typer.Option(help="What t1 is the crossing of.")] = None,
    test_threshold: Annotated[float | None, typer.Option(help="What t2 is the crossing of.")] = None,
    error: Annotated[str | None, typer.Option(help="What the errors are.")] = None,
    tags: Annotated[str | None, typer.Option(help="To find the study by, comma-separated.")] = None,
) -> None:
    """Make a study of finished runs and print its id; what was assumed of its columns is told on standard error."""
    with Client() as client:
        study = client.import_study(
            file,
            name=name,
            rate=rate,
            data=_listed(data),
            rename=_renamed(rename),
            ignore=_listed(ignore),
            steps_per_unit=steps_per_unit,
            train_threshold=train_threshold,
            test_threshold=test_threshold,
            error=error,
            tags=_listed(tags),
        )
    print(study.id)
    reason = study.data["reason"] or ""
    if reason != _IMPORTED:
        print(f"warning: {reason.removeprefix(f'{_IMPORTED}; ')} (--data says otherwise)", file=sys.stderr)


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [one.strip() for one in text.split(",") if one.strip()]


def _renamed(pairs: list[str] | None) -> dict[str, str] | None:
    if pairs is None:
        return None
    for pair in pairs:
        if "=" not in pair:
            raise CommandFailed(f"--rename {pair} is refused; accepted: OLD=NEW")
    return {old: new for old, _, new in (pair.rpartition("=") for pair in pairs)}
