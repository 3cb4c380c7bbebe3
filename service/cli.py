"""The command `grokscale`."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from service.client.errors import GrokscaleError, ProblemError
from service.commands import chart, client, db, diagrams, quickstart, runner, serve
from service.commands.errors import CommandFailed

app = typer.Typer(
    name="grokscale",
    help="Hyperparameter studies of grokking that answer with a fitted scaling law.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve.serve)
app.command()(client.submit)
app.command()(client.watch)
app.command()(client.law)
app.command()(client.fit)
app.command()(diagrams.phases)
app.command()(diagrams.theory)
app.command()(client.pareto)
app.command()(chart.chart)
app.command()(runner.runner)
app.command()(quickstart.quickstart)
app.add_typer(db.app, name="db")


def main() -> None:
    """Run the command line; a failure that has a message is one line (and one a faulty field), never a traceback."""
    try:
        app()
    except ProblemError as error:
        _fail(error.title + (f": {error.detail}" if not error.faults else ""), [_fault(f) for f in error.faults])
    except (GrokscaleError, CommandFailed) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.strerror}: {error.filename}" if error.filename else str(error))


def _fault(fault: dict[str, str]) -> str:
    where = fault["pointer"] or "document" if fault["in"] == "body" else f"{fault['in']} {fault['pointer']}"
    return f"{where}: {fault['detail']}"


def _fail(message: str, lines: list[str] | None = None) -> None:
    console = Console(stderr=True, soft_wrap=True)
    for line in [f"grokscale: {message}", *(f"  {line}" for line in lines or [])]:
        console.print(line, markup=False, highlight=False)
    sys.exit(1)


if __name__ == "__main__":
    main()
