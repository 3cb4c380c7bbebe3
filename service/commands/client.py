"""`grokscale submit`, `validate`, `watch`, `law`, `fit`, `pareto`: a study from the command line, on GROKSCALE_URL."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from grokscale.service.client import Client, GrokscaleError, Study
from grokscale.service.client.specification import Document, document
from grokscale.service.commands.lines import caution_lines, forecast_lines, outcome_line
from grokscale.service.commands.printing import print_answer, print_json
from grokscale.service.commands.tables import fit_tables, law_tables, pareto_tables

StudyId = Annotated[str, typer.Argument(metavar="ID", help="The study.")]


SpecFile = Annotated[Path, typer.Argument(help="A study specification: YAML or JSON.")]


def submit(
    file: SpecFile,
    wait: Annotated[bool, typer.Option("--wait", help="Return when the study has ended.")] = False,
) -> None:
    """Submit a study and print its id; what will probably go wrong is told on standard error, as by `validate`."""
    spec = document(file)
    with Client() as client:
        study = client.submit(spec)
        print(study.id, flush=True)
        _tell_cautions(client, spec)
        if wait:
            _wait(study)


def validate(
    file: SpecFile,
    json: Annotated[bool, typer.Option("--json", help="Print the whole object.")] = False,
) -> None:
    """Say what a study would take, and what would probably go wrong, without submitting it."""
    with Client() as client:
        found = client.validate(file)
    if json:
        print_json(found)
    else:
        print("\n".join([*forecast_lines(found), *caution_lines(found)]))


def watch(study_id: StudyId) -> None:
    """Show a study's progress until it has ended, then the outcomes of its trials."""
    with Client() as client:
        _wait(client.study(study_id))


def law(
    study_id: StudyId,
    response: Annotated[str, typer.Option(help="t1, t1_gradient, t2, t2_plateau, delay, ...")] = "t2",
    x: Annotated[str | None, typer.Option("--x", help="One monomial, such as 1/(alpha*beta).")] = None,
    terms: Annotated[str | None, typer.Option(help="Fields, comma-separated: one exponent each.")] = None,
    effect: Annotated[str | None, typer.Option(help="draw, fixed, random or none (default draw).")] = None,
    threshold: Annotated[float | None, typer.Option(help="A rung of the ladder.")] = None,
    by: Annotated[str | None, typer.Option(help="A field: one law a value of it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the law object.")] = False,
) -> None:
    """Fit a scaling law and print it; without --x and --terms that of the inverse rate, 1/(alpha*beta)."""
    with Client() as client:
        found: dict[str, Any] = client.law(
            study_id, response, x=x, terms=terms or None, effect=effect, threshold=threshold, by=by
        )
    print_answer(found, [] if by is None else law_tables(found, by), json=json)


def fit(
    study_id: StudyId,
    response: Annotated[str, typer.Option(help="t1, t1_gradient, t2, t2_plateau, delay, ...")] = "t2",
    models: Annotated[str | None, typer.Option(help="Of M0 to M5, comma-separated (default all).")] = None,
    terms: Annotated[str | None, typer.Option(help="Fields of M3 and M5, comma-separated (default all swept).")] = None,
    effect: Annotated[str | None, typer.Option(help="draw, fixed, random or none (default draw).")] = None,
    noise: Annotated[str | None, typer.Option(help="log-normal, Weibull or log-logistic (default log-normal).")] = None,
    scale: Annotated[str | None, typer.Option(help="constant, or error_floor: over the threshold.")] = None,
    covariance: Annotated[str | None, typer.Option(help="model, or draw: clustered by draw (default model).")] = None,
    intervals: Annotated[str | None, typer.Option(help="wald, profile, bootstrap, comma-separated.")] = None,
    threshold: Annotated[float | None, typer.Option(help="A rung of the ladder.")] = None,
    study: Annotated[list[str] | None, typer.Option(help="A further study: do they share an exponent?")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the stored fit.")] = False,
) -> None:
    """Fit models M0 to M5 to a study, store the fit, and print it as a table."""
    asked = {"effect": effect, "noise": noise, "scale": scale, "covariance": covariance, "threshold": threshold}
    asked |= {"models": models or None, "terms": terms or None, "intervals": intervals or None, "studies": study}
    request: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    with Client() as client:
        found = client.fit(study_id, response=response, **request)
    print_answer(found, fit_tables(found["result"]), json=json)
    if not json:
        print(f"stored as fit {found['id']}")


def pareto(
    study_id: StudyId,
    x: Annotated[str | None, typer.Option("--x", help="What the best has least of (default t2).")] = None,
    y: Annotated[str | None, typer.Option("--y", help="What is bounded (default error_settled).")] = None,
    max_error: Annotated[float | None, typer.Option(help="Upper bound on it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the whole object.")] = False,
) -> None:
    """Weigh two responses against each other; print the configurations that no other beats, and the best so far.

    An adaptive study answers for its own objective.
    """
    with Client() as client:
        found: dict[str, Any] = client.pareto(study_id, x, y, max_error=max_error)
    print_answer(found, pareto_tables(found), json=json)


def _tell_cautions(client: Client, spec: Document) -> None:
    try:
        lines = caution_lines(client.validate(spec))
    except GrokscaleError as error:  # the study is in all the same
        lines = [f"what will probably go wrong is not known: {error}"]
    for line in lines:
        print(line, file=sys.stderr)


def _wait(study: Study) -> None:
    study.wait()
    print(outcome_line(study.data))
