"""`grokscale phases` and `theory`: results that are tables. The server is GROKSCALE_URL."""

from __future__ import annotations

from typing import Annotated

import typer

from grokscale.service.client import Client
from grokscale.service.commands.client import StudyId
from grokscale.service.commands.printing import print_answer
from grokscale.service.commands.tables import phase_tables, theory_tables

Json = Annotated[bool, typer.Option("--json", help="Print the object of the interface.")]


def phases(
    study_id: StudyId,
    x: Annotated[str, typer.Option("-x", "--x", help="A numeric field of the configuration, such as N.")],
    y: Annotated[str | None, typer.Option("-y", "--y", help="Another one, such as s.")] = None,
    outcome: Annotated[str | None, typer.Option(help="The outcome of the contour (default generalised).")] = None,
    by: Annotated[str | None, typer.Option(help="A field: one diagram a value.")] = None,
    json: Json = False,
) -> None:
    """Print outcome fractions over one or two fields, and where half of the trials end with an outcome."""
    with Client() as client:
        found = client.phases(study_id, x, y, outcome=outcome, by=by)
    print_answer(found, phase_tables(found), json=json)


def theory(study_id: StudyId, json: Json = False) -> None:
    """Print t1, t2 and the error floor against what theory predicted for them."""
    with Client() as client:
        found = client.theory(study_id)
    print_answer(found, theory_tables(found), json=json)
