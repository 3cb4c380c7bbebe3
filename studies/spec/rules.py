"""Rules over several fields. Each looks at parsed fields by dotted name and is left out where one it needs is missing,
so that a specification with faulty fields still hears of all that is wrong with the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from grokscale.studies.documents import show
from grokscale.studies.spec.limits import NOT_INSTALLED, Limits
from grokscale.studies.spec.numbers import Fault
from grokscale.studies.spec.sweeps import NUM, Range, choices, count, is_swept, largest, smallest
from grokscale.studies.spec.thresholds import OfMeasure
from grokscale.trainers.engine import may_leap
from grokscale.trainers.tasks.description import AtMost, Description, Group, Takes
from grokscale.trainers.tasks.registry import described

Flat = Mapping[str, Any]

ADAPTIVE = ("tpe", "cmaes", "gp")


def contradictions(values: Flat) -> list[Fault]:
    """Return what is wrong with a specification whatever the server: path and message each."""
    return [fault for needs, rule in ALWAYS if all(name in values for name in needs) for fault in rule(values)]


def excesses(values: Flat, limits: Limits, test_tasks: bool) -> list[Fault]:
    """Return what this server refuses: sizes above its limits, searches that it cannot make, and faults on purpose
    without `test_tasks`.
    """
    faults = [] if test_tasks else _faults(values)
    return [*_sizes(values, limits), *_trials(values, limits), *_searches(values, limits), *faults]


def path(name: str, inner: tuple[str | int, ...] = ()) -> tuple[str | int, ...]:
    """Return the path of a dotted name and of a place below it."""
    return (*name.split("."), *inner)


def _task(values: Flat) -> Description | None:
    """Return what the task says of itself, None where it is not known which one it is."""
    return described().get(values.get("task.kind", ""))


def _of_the_task(values: Flat) -> Iterator[Fault]:
    """What the task's own rules refuse."""
    task = _task(values)
    if task is None:
        return
    for rule in task.rules:
        if isinstance(rule, AtMost):
            yield from _at_most(values, rule)


def _at_most(values: Flat, rule: AtMost) -> Iterator[Fault]:
    of = [f"task.{name}" for name in rule.of.split("*")]
    name = f"task.{rule.field}"
    if not all(one in values for one in (name, *of)):
        return
    where, most = largest(values[name])
    ends = [smallest(values[one]) for one in of]
    least = math.prod(end for end in ends if end is not None)
    if most is not None and None not in ends and most > least:
        yield (
            path(name, where),
            f"{rule.field} = {most} is above {rule.of} = {least}; "
            f"accepted: {rule.field} up to {rule.of} for all combinations",
        )


def _of_the_optimizer(values: Flat) -> Iterator[Fault]:
    """Regularisers that the optimiser does not take, by the task's own word, or by every task's where none is known."""
    optimizer, regularizer = values["optimizer.kind"], values["regularizer.kind"]
    task = _task(values)
    said = [
        next((rule for rule in one.rules if isinstance(rule, Takes) and rule.optimizer == optimizer), None)
        for one in ([task] if task else described().values())
        if any(section.kind == optimizer for section in one.optimizers)
    ]
    rules = [rule for rule in said if rule is not None and regularizer not in rule.regularizers]
    if not rules or len(rules) < len([one for one in said if one is not None]):
        return
    tasks = [task] if task else list(described().values())
    limited = {rule.optimizer for one in tasks for rule in one.rules if isinstance(rule, Takes)}
    others = [section.kind for one in tasks for section in one.optimizers]
    free = ", ".join(kind for kind in dict.fromkeys(others) if kind not in limited)
    yield (
        path("optimizer.kind"),
        f"{optimizer} does not take the {rules[0].because} regularizer {regularizer}; "
        f"accepted: {free} ({optimizer} takes {', '.join(rules[0].regularizers)})",
    )


def _of_the_regularizer(values: Flat) -> Iterator[Fault]:
    """Regularisers that the task does not take."""
    task, kind = _task(values), values["regularizer.kind"]
    if task is None or any(section.kind == kind for section in task.regularizers):
        return
    because = next((rule.because for rule in task.rules if isinstance(rule, Takes) and not rule.optimizer), "")
    accepted = ", ".join(section.kind for section in task.regularizers)
    refused = f"{because}, not {kind}" if because else f"{task.kind} does not take {kind}"
    yield path("regularizer.kind"), f"{refused}; accepted: {accepted}"


def _optimizers_of_the_task(values: Flat) -> Iterator[Fault]:
    """Optimisers that the task does not take: another task does."""
    task, kind = _task(values), values["optimizer.kind"]
    if task is not None and all(section.kind != kind for section in task.optimizers):
        accepted = ", ".join(section.kind for section in task.optimizers)
        yield path("optimizer.kind"), f"{task.kind} does not take {kind}; accepted: {accepted}"


def _nothing_to_record(values: Flat) -> Iterator[Fault]:
    task = _task(values)
    if task is not None and not task.coordinates and values["budget.record"] == "coordinates":
        yield path("budget.record"), f"the {task.kind} task has no coordinates; accepted: curves"


def _thresholds_of_measures(values: Flat) -> Iterator[Fault]:
    task = _task(values)
    for name in ("budget.train_threshold", "budget.test_threshold"):
        level = values.get(name)
        if task is None or not isinstance(level, OfMeasure):
            continue
        if not task.measures:
            yield path(name), f"the {task.kind} task has no measures; accepted: a level of its error"
        elif not task.watches_measures:
            why = "crossings of it are certified by bounds that its measures lack"
            yield path(name), f"the {task.kind} task is held against its error alone: {why}; accepted: a level of it"
        elif task.measure(level.measure) is None:
            known = ", ".join(measure.name for measure in task.measures)
            yield path(name, (level.measure,)), f"the {task.kind} task has no such measure; accepted: {known}"


def _values_of_a_grid(values: Flat) -> Iterator[Fault]:
    if values["search.kind"] != "grid":
        return
    for name, field in values.items():
        if isinstance(field, Range) and field.num is None:
            yield path(name, ("num",)), f"missing; accepted under grid search: {NUM.accepted}"


def _something_to_search(values: Flat) -> Iterator[Fault]:
    if values["search.kind"] != "grid" and not any(is_swept(v) for k, v in values.items() if _sweepable(k)):
        yield path("search.kind"), f"{values['search.kind']} has no swept field to draw from; accepted: grid"


def _points_to_propose(values: Flat) -> Iterator[Fault]:
    """An adaptive search never proposes a point twice: a repeat would count one result twice."""
    if values["search.kind"] not in ADAPTIVE:
        return
    counts = [choices(field) for name, field in values.items() if _sweepable(name) and is_swept(field)]
    possible = math.prod(one for one in counts if one is not None)
    if counts and None not in counts and values["search.num_configs"] > possible:
        yield (
            path("search.num_configs"),
            f"{values['search.num_configs']} is above the {possible} points there are; accepted: up to {possible}",
        )


def _of_one_batch(values: Flat) -> Iterator[Fault]:
    """A batch is added all at once, so that no killed driver leaves half of one to learn from."""
    if values["search.kind"] not in ADAPTIVE:
        return
    seeds = values["seeds"] if isinstance(values["seeds"], int) else len(values["seeds"])
    if values["search.batch"] * seeds > LARGEST_BATCH:
        most = LARGEST_BATCH // seeds
        yield (
            path("search.batch"),
            f"{values['search.batch']} (search.batch) x {seeds} (seeds) = {values['search.batch'] * seeds} trials are "
            f"proposed at once; accepted: up to {LARGEST_BATCH} trials" + (f", a batch of {most}" if most else ""),
        )


def _evolved(values: Flat) -> Iterator[Fault]:
    if values["search.kind"] != "cmaes":
        return
    swept = {name: field for name, field in values.items() if _sweepable(name) and is_swept(field)}
    for name, field in swept.items():
        if isinstance(field, tuple):
            yield path(name), "a list is categorical, which cmaes does not take; accepted: a value or a range"
    if swept and len(swept) < 2:
        yield path("search.kind"), "cmaes needs two swept ranges; accepted for one: tpe, gp"


def _one_response(values: Flat) -> Iterator[Fault]:
    if values["search.kind"] == "cmaes" and len(values["search.objective"].minimize) > 1:
        yield (
            path("search.objective"),
            "cmaes minimises one response; accepted: {minimize: response, subject_to: ...}, or kind tpe or gp",
        )


def _prunes(values: Flat) -> Iterator[Fault]:
    """A front wants slow trials for their errors, and what is late in t1 may be early in t2."""
    if values["search.prune"] is not None and values["search.objective"].minimize != ("t2",):
        yield path("search.prune"), "pruning goes by t2; accepted: null, or an objective that minimises t2 alone"


def _settles(values: Flat) -> Iterator[Fault]:
    """An objective that no trial can have would make every configuration infeasible."""
    if "error_settled" not in values["search.objective"].responses:
        return
    task, stop = _task(values), values["budget.stop"]
    if task is None or not task.settles:
        return
    if stop == "after_t2":
        yield path("budget.stop"), "after_t2 ends trials before error_settled is known; accepted: settled"
    elif stop == "auto":
        leap = task.leap("fast_forward")
        _, size = largest(values.get(f"task.{leap.size[0]}", 0)) if leap is not None else ((), None)
        kinds = values["optimizer.kind"], values["regularizer.kind"]
        if not may_leap(values["engine"], task.kind, *kinds, size):
            yield (
                path("budget.stop"),
                "auto is after_t2 here, which ends trials before error_settled is known; accepted: settled",
            )


def _never_settles(values: Flat) -> Iterator[Fault]:
    task = _task(values)
    if task is not None and not task.settles and "error_settled" in values["search.objective"].responses:
        yield (
            path("search.objective"),
            f"the error of a {task.kind} trial never settles; accepted: responses other than error_settled",
        )


def _leaps(values: Flat) -> Iterator[Fault]:
    """Engines that take no steps, of tasks and methods that have them."""
    engine, task = values["engine"], _task(values)
    if engine in ("auto", "step") or task is None:
        return
    leap = task.leap(engine)
    if leap is None or not leap.takes(values["optimizer.kind"], values["regularizer.kind"]):
        taken = "; ".join(one.says for each in described().values() for one in each.leaps if one.engine == engine)
        yield path("engine"), f"{engine} takes {taken}; accepted: auto, step"


def _leaps_of_size(values: Flat) -> Iterator[Fault]:
    engine, task = values["engine"], _task(values)
    leap = task.leap(engine) if task is not None else None
    if leap is None or (name := f"task.{leap.size[0]}") not in values:
        return
    where, size = largest(values[name])
    if size is not None and size > leap.size[1]:
        yield path(name, where), f"{size} is refused; accepted with engine {engine}: up to {leap.size[1]}"


LARGEST_BATCH = 5_000
"""Trials that an adaptive search proposes at once: some tenths of a second, in which nobody else writes to SQLite."""
PARTS = ("task.kind", "regularizer.kind", "optimizer.kind")
ALWAYS: tuple[tuple[tuple[str, ...], Callable[[Flat], Iterator[Fault]]], ...] = (
    (("task.kind",), _of_the_task),
    (("optimizer.kind", "regularizer.kind"), _of_the_optimizer),
    (("task.kind", "regularizer.kind"), _of_the_regularizer),
    (("task.kind", "optimizer.kind"), _optimizers_of_the_task),
    (("task.kind", "budget.record"), _nothing_to_record),
    (("task.kind",), _thresholds_of_measures),
    (("engine", *PARTS), _leaps),
    (("engine", "task.kind"), _leaps_of_size),
    (("search.kind",), _values_of_a_grid),
    (("search.kind", "search.num_configs", *PARTS), _points_to_propose),
    (("search.kind", "search.batch", "seeds"), _of_one_batch),
    (("search.kind", *PARTS), _evolved),
    (("search.kind", "search.objective"), _one_response),
    (("search.prune", "search.objective"), _prunes),
    (("search.objective", "budget.stop", "engine", *PARTS), _settles),
    (("search.objective", "task.kind"), _never_settles),
    (("search.kind", *PARTS), _something_to_search),
)


def _sweepable(name: str) -> bool:
    return name.partition(".")[0] in ("task", "regularizer", "optimizer")


def _sizes(values: Flat, limits: Limits) -> Iterator[Fault]:
    task = _task(values)
    sizes = [] if task is None else [f"task.{field.name}" for field in task.fields if field.size]
    bounds = dict.fromkeys(sizes, limits.max_n) | {"budget.max_steps": limits.max_steps}
    for name, bound in bounds.items():
        where, value = largest(values.get(name, 0))
        if value is not None and value > bound:
            yield path(name, where), f"{value} is above this server's limit; accepted: up to {bound}"


def _searches(values: Flat, limits: Limits) -> Iterator[Fault]:
    if (kind := values.get("search.kind")) in limits.lacks:
        others = ", ".join(other for other in ADAPTIVE if other not in limits.lacks)
        yield (
            path("search.kind"),
            f"{kind} is {NOT_INSTALLED}; accepted: {others}",
        )


def _trials(values: Flat, limits: Limits) -> Iterator[Fault]:
    sizes = {name: count(field) for name, field in values.items() if _sweepable(name) and is_swept(field)}
    if "search.num_configs" in values:
        sizes = {"search.num_configs": values["search.num_configs"]}
    if "seeds" in values:
        seeds = values["seeds"]
        sizes["seeds"] = seeds if isinstance(seeds, int) else len(seeds)
    known = {name: size for name, size in sizes.items() if size is not None}
    total = math.prod(known.values())
    if total > limits.max_trials:
        factors = " x ".join(f"{size} ({name})" for name, size in known.items())
        yield (
            path(max(known, key=lambda name: known[name])),
            f"{factors} = {total} trials is above this server's limit; accepted: up to {limits.max_trials} trials",
        )


def _faults(values: Flat) -> Iterator[Fault]:
    task = _task(values)
    for field in task.fields if task is not None else ():
        value = values.get(name := f"task.{field.name}", field.default)
        if field.test_only and value != field.default:
            shown = "an object" if isinstance(field.accepts, Group) else show(value)
            accepted = "null" if field.default is None else f"{field.default:g}"
            yield path(name), f"{shown} is refused; accepted without GROKSCALE_TEST_TASKS=1: {accepted}"
