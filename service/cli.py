"""The command `grokscale`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, NoReturn, TextIO

import typer

from grokscale.extras import ExtraNeeded
from grokscale.service.client.errors import GrokscaleError, ProblemError
from grokscale.service.commands import (
    chart,
    client,
    db,
    diagrams,
    doctor,
    imports,
    quickstart,
    runner,
    serve,
    tasks,
    train,
)
from grokscale.service.commands.errors import CommandFailed
from grokscale.studies import logs

app = typer.Typer(
    name="grokscale",
    help="Hyperparameter studies of grokking that answer with a fitted scaling law.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve.serve)
app.command()(client.submit)
app.command("import")(imports.import_runs)
app.command()(client.validate)
app.command()(client.watch)
app.command()(client.law)
app.command()(client.fit)
app.command()(diagrams.phases)
app.command()(diagrams.theory)
app.command()(client.pareto)
app.command()(chart.chart)
app.command()(runner.runner)
app.command()(quickstart.quickstart)
app.command()(train.train)
app.command()(doctor.doctor)
app.add_typer(tasks.app, name="tasks")
app.add_typer(db.app, name="db")


def main() -> None:
    """Run the command line; a failure is one line on standard error (and one a faulty field), never a traceback.

    Standard output has nothing but the answer.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a name may have characters that the terminal's encoding lacks
    logs.plain()
    try:
        code = app(standalone_mode=False, prog_name="grokscale")
        sys.stdout.flush()  # what cannot be written is an error of this command
    except typer.TyperException as error:
        _usage(error)
    except ProblemError as error:
        _fail(error.title + (f": {error.detail}" if not error.faults else ""), [_fault(f) for f in error.faults])
    except (GrokscaleError, CommandFailed, ExtraNeeded) as error:
        _fail(str(error))
    except OSError as error:
        _to_nowhere(sys.stdout)
        _fail(f"{error.strerror}: {error.filename}" if error.filename else str(error))
    else:
        sys.exit(code)


def _usage(error: typer.TyperException) -> NoReturn:
    message = error.format_message()
    if not message:  # nothing was asked for, and typer has printed the help
        sys.exit(error.exit_code)
    context: typer.Context | None = getattr(error, "ctx", None)
    hint = f" (see `{context.command_path} --help`)" if context is not None else ""
    _fail(message.removesuffix(".") + hint, code=error.exit_code)


def _fault(fault: dict[str, Any]) -> str:
    pointer, place = fault.get("pointer") or "document", fault.get("in", "body")
    return f"{pointer if place == 'body' else f'{place} {pointer}'}: {fault.get('detail')}"


def _fail(message: str, lines: Sequence[str] = (), code: int = 1) -> NoReturn:
    for line in [f"grokscale: {message}", *(f"  {line}" for line in lines)]:
        print(" ".join(line.splitlines()), file=sys.stderr)
    sys.exit(code)


def _to_nowhere(stream: TextIO) -> None:
    """Discard what a broken stream still holds: Python would try to write it at exit, and complain once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
