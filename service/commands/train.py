"""`grokscale train`: one trial in this process, where a debugger and prints reach it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grokscale.extras import extra
from grokscale.service.commands.errors import CommandFailed
from grokscale.service.commands.printing import Columns, print_table
from grokscale.service.commands.tasks import offer

if TYPE_CHECKING:
    from grokscale.trainers.trial import Outcome, Pack

_POINTS = 20


def train(
    file: Annotated[Path, typer.Argument(help="A study specification (YAML, JSON), or a pack as JSON.")],
    trial: Annotated[int, typer.Option(help="Its index.")] = 0,
) -> None:
    """Train one trial of a study in this process and print its steps, errors and outcome; nothing is stored.

    What its code raises comes with its traceback: `python -m pdb -m grokscale.service.cli train FILE` stops there.
    """
    with extra("server"):
        from grokscale.trainers.plugins.loading import Lacking
        from grokscale.trainers.tasks import registry
    offer()
    pack = _pack(file, trial)
    plugin = registry.plugins().get(pack.task)
    if plugin is not None:
        try:
            registry.carry_out(plugin)
        except Lacking as error:
            raise CommandFailed(str(error)) from error
    print(json.dumps({"task": pack.task, "seed": pack.trials[0].seed, **pack.trials[0].config}, default=str))
    from grokscale.trainers.pack import train as reports

    for report in reports(pack):
        print(f"step {report.step}", flush=True)
        for outcome in report.outcomes:
            _print(outcome)


def _pack(file: Path, index: int) -> Pack:
    """Return the pack that holds one trial of a specification, or of a pack."""
    from dataclasses import replace

    from grokscale.studies.documents import SpecError, read
    from grokscale.trainers.trial import Pack

    try:
        stated = read(file.read_text(encoding="utf-8"))
        pack = Pack.from_json(stated) if isinstance(stated, Mapping) and "trials" in stated else _of_study(stated)
    except SpecError as error:
        raise CommandFailed(f"{file}: {error}") from None
    except (KeyError, TypeError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file} states no specification and no pack: {error}") from None
    chosen = tuple(one for one in pack.trials if one.index == index)
    if not chosen:
        raise CommandFailed(f"no trial {index}; accepted: {pack.trials[0].index} to {pack.trials[-1].index}")
    return replace(pack, trials=chosen)


def _of_study(stated: Any) -> Pack:
    from grokscale.studies.packs import pack
    from grokscale.studies.plan import Resources, plan
    from grokscale.studies.spec import parse

    spec = parse(stated, test_tasks=True)
    return pack(spec, plan(spec, Resources(1)).trials, "train")


def _print(outcome: Outcome) -> None:
    curve = {name: list(values) for name, values in outcome.curve.items()}
    many = len(curve.get("step", ()))
    shown = sorted({round(i * (many - 1) / (_POINTS - 1)) for i in range(_POINTS)}) if many else []
    if shown:
        rows = [[f"{curve[name][i]:.6g}" for name in curve] for i in shown]
        print_table(Columns("curve", list(curve), rows))
    for name in ("t1", "t2"):
        crossing = getattr(outcome, name)
        found = "none" if crossing is None else f"({crossing.lower}, {crossing.upper}] {crossing.censoring}"
        print(f"{name}: {found}")
    print(f"{outcome.outcome} after {outcome.steps} steps, {outcome.seconds:.3g} s")
    if outcome.error is not None:
        print(f"{outcome.error['type']}: {outcome.error['message']}")
