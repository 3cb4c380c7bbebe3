"""`grokscale tasks`: what can be trained here, and whether a module of one's own can be."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grokscale.extras import extra
from grokscale.service.commands.errors import CommandFailed
from grokscale.service.commands.printing import Columns, print_table
from grokscale.service.commands.settings import settings as read_settings

if TYPE_CHECKING:
    from grokscale.trainers.plugins.plugin import Found

app = typer.Typer(help="The tasks that can be trained here.", no_args_is_help=True)
CHECK_SECONDS = 300.0


@app.command("list")
def list_tasks() -> None:
    """Print the tasks that come with grokscale, the entry points there are, and those of GROKSCALE_TASKS."""
    outside = offer()
    from grokscale.trainers.tasks.registry import BUILT_IN

    rows = [[one.kind, str(one.version), "grokscale"] for one in BUILT_IN]
    rows += [[one.kind, str(one.description.version), str(one.code)] for one in outside.plugins]
    print_table(Columns("tasks", ["kind", "version", "from"], rows))
    for trouble in outside.troubles:
        print(f"grokscale: not offered: {trouble.source}: {trouble.reason}", file=sys.stderr)


@app.command()
def columns(
    kinds: Annotated[
        list[str] | None, typer.Argument(metavar="[KIND]...", help="Tasks; those of grokscale if left out.")
    ] = None,
) -> None:
    """Print what the columns of a table of trials mean, as a Markdown page."""
    with extra("server"):
        from grokscale.studies.dictionary import page
        from grokscale.trainers.tasks.registry import BUILT_IN, described
    if not kinds:
        print(page(BUILT_IN), end="")
        return
    offer()
    if unknown := [kind for kind in kinds if kind not in described()]:
        raise CommandFailed(f"no task {unknown[0]!r}; accepted: {', '.join(described())}")
    print(page([described()[kind] for kind in kinds]), end="")


@app.command()
def check(
    module: Annotated[str, typer.Argument(help="package.module, package.module:NAME, or a .py file.")],
    given: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A field of the configuration to try.")
    ] = None,
) -> None:
    """Import a module in a process of its own and try what it describes: draws, steps, states, errors, costs."""
    with extra("server"):
        from grokscale.trainers.plugins.apart import PROGRAM
        from grokscale.trainers.plugins.process import Process, Silent
        from grokscale.trainers.plugins.sources import configured
    try:
        (source,) = configured(_absolute(module))
    except ValueError as error:
        raise CommandFailed(str(error)) from None
    process = Process(PROGRAM)
    try:
        question = {"ask": "contract", "module": source.module, "config": _fields(given or [])}
        said = process.ask(question, CHECK_SECONDS)
    except Silent as silent:
        raise CommandFailed(f"{module}: {silent}") from None
    finally:
        process.kill()
    if "error" in said:
        raise CommandFailed(f"{module}: {said['error']}")
    for kind, what, problem in said["answer"]:
        print(f"{kind}: {'FAILED' if problem else 'ok'}: {what}" + (f": {problem}" if problem else ""))
    if any(problem for _, _, problem in said["answer"]):
        raise typer.Exit(1)


@app.command()
def new(name: Annotated[str, typer.Argument(help="Of the task: its kind, and its file in this folder.")]) -> None:
    """Write a module with a small task that can be trained, to be changed into one's own."""
    with extra("server"):
        from grokscale.trainers.simple.writing import NAME, named, written
        from grokscale.trainers.tasks.registry import BUILT_IN
    taken = [one.kind for one in BUILT_IN]
    if not named(name) or name in taken:
        raise CommandFailed(f"{name!r} is refused; accepted: {NAME}, and none of {', '.join(taken)}")
    path = Path(f"{name}.py")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(written(name))
    except FileExistsError:
        raise CommandFailed(f"{path} is there already; accepted: another name") from None
    print(path)
    print(f"next: grokscale tasks check {path} --set alpha=0.1 --set beta=0.001", file=sys.stderr)


def offer() -> Found:
    """Offer, in this process, the tasks that its environment configures; return those from outside."""
    with extra("server"):
        from grokscale.studies.tasks import found
        from grokscale.trainers.tasks import registry
    outside = found(read_settings())
    registry.offer(outside.plugins)
    return outside


def _absolute(module: str) -> str:
    where, colon, name = module.partition(":")
    return f"{Path(where).resolve()}{colon}{name}" if where.endswith(".py") else module


def _fields(given: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise CommandFailed(f"--set {one} is refused; accepted: FIELD=VALUE")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value  # a word
    return found
