"""What the child answers: see `program`. Arguments and answers are plain JSON values."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any

from grokscale.trainers.plugins.checks import check
from grokscale.trainers.plugins.loading import carried_out, described_in, implementation
from grokscale.trainers.plugins.plugin import Plugin
from grokscale.trainers.task import Streams
from grokscale.trainers.tasks import registry
from grokscale.trainers.tasks.documents import to_json
from grokscale.trainers.trial import Budget, Trial

_DRAWS = 64


def answer_describe(module: str) -> list[dict[str, Any]]:
    """Return what a module describes."""
    return [to_json(one) for one in described_in(module)]


def answer_contract(module: str, config: dict[str, Any]) -> list[list[str | None]]:
    """Return the task's kind, what was looked at and what is wrong with it, of every task that a module describes."""
    from grokscale.trainers.contract import checks, filled

    found: list[list[str | None]] = []
    for one in described_in(module):
        task = carried_out(one, module)
        check(replace(one, implementation=implementation(one, module)), registry.BUILT_IN)
        found += [[one.kind, made.what, made.problem] for made in checks(task, filled(task, config))]
    return found


def answer_open(plugin: dict[str, Any]) -> None:
    """Import a plugin: all further questions are about its task."""
    one = Plugin.of_json(plugin)
    registry.carry_out(one)
    registry.task(one.kind)


def answer_identities(kind: str, study_seed: int, configs: list[Any], trials: list[list[int]]) -> list[list[str]]:
    """Return the names of data and random numbers; each trial is its configuration's place and its seed."""
    planned = [Trial(i, place, seed, configs[place]) for i, (place, seed) in enumerate(trials)]
    return [[one.data_id, one.stream_id] for one in registry.identities(kind, study_seed, planned)]


def answer_predict(kind: str, of: str, draw: dict[str, Any], trial: dict[str, Any], budget: dict[str, Any]) -> Any:
    """Return what a task predicts for a trial: `theory`, `patience` or `expected_steps`."""
    drawn = _drawn(kind, Streams(**draw), Trial(**trial))
    found = getattr(registry.task(kind), of)(drawn, Trial(**trial), Budget(**budget))
    return {"values": dict(found.values), "reasons": dict(found.reasons)} if of == "theory" else found


def answer_refusal(kind: str, draw: dict[str, Any], trial: dict[str, Any]) -> Any:
    """Return why a trial will not train."""
    return registry.task(kind).refusal(_drawn(kind, Streams(**draw), Trial(**trial)), Trial(**trial))


def answer_cost(kind: str, of: str, config: dict[str, Any], columns: int, draws: int) -> Any:
    """Return what a pack takes: `memory` or `seconds_per_step`."""
    return getattr(registry.task(kind), of)(config, columns, draws)


_draws: OrderedDict[tuple[str, Streams], Any] = OrderedDict()


def _drawn(kind: str, streams: Streams, trial: Trial) -> Any:
    """Return the data of a draw, the last ones kept."""
    if (kind, streams) not in _draws:
        _draws[kind, streams] = registry.task(kind).draw(trial.config, streams)
        if len(_draws) > _DRAWS:
            _draws.popitem(last=False)
    return _draws[kind, streams]
