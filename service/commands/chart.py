"""`grokscale chart`: a picture of a study, saved. The server is GROKSCALE_URL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grokscale.service.client import Client
from grokscale.service.client.client import FORMATS
from grokscale.service.commands.errors import CommandFailed


def chart(
    study_id: Annotated[str, typer.Argument(metavar="STUDY", help="The study's id.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="law, curves, phases, theory or pareto.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File ending in .svg, .png, .html or .json.")],
    response: Annotated[str | None, typer.Option(help="law: t1, t2 (the default), delay, ...")] = None,
    x: Annotated[
        str | None,
        typer.Option(
            "--x", "-x", help="law: one monomial, such as 1/(alpha*beta); phases: field across; pareto: response."
        ),
    ] = None,
    y: Annotated[str | None, typer.Option("--y", "-y", help="phases: the field up; pareto: the response up.")] = None,
    outcome: Annotated[str | None, typer.Option(help="phases: whose share is drawn (default generalised).")] = None,
    effect: Annotated[str | None, typer.Option(help="law: draw, fixed, random or none (default draw).")] = None,
    threshold: Annotated[float | None, typer.Option(help="law: a rung of the ladder.")] = None,
    trial: Annotated[list[str] | None, typer.Option(help="curves: a trial's id or index; may be repeated.")] = None,
    width: Annotated[int | None, typer.Option(help="Of the picture, in pixels.")] = None,
    height: Annotated[int | None, typer.Option(help="Of the picture, in pixels.")] = None,
    scale: Annotated[float | None, typer.Option(help="png: from 1 to 4 pixels in one.")] = None,
) -> None:
    """Draw a chart of a study and save it, in the format that the file's ending names."""
    if output.suffix.removeprefix(".").lower() not in FORMATS:
        raise CommandFailed(f"{output}: the ending says what to draw; accepted: {', '.join(f'.{f}' for f in FORMATS)}")
    law = {"response": response, "effect": effect, "threshold": threshold}
    query = {**law, "x": x, "y": y, "outcome": outcome, "trial": trial or ()}
    with Client() as client:
        client.chart(study_id, name, path=output, **query, width=width, height=height, scale=scale)
    print(output)
