"""Rules over several fields. Each looks at parsed fields by dotted name and is left out where one it needs is missing,
so that a specification with faulty fields still hears of all that is wrong with the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from grokscale.studies.spec.limits import Limits
from grokscale.studies.spec.numbers import Fault
from grokscale.studies.spec.sweeps import NUM, Range, choices, count, is_swept, largest, smallest
from grokscale.trainers.tasks.sparse_recovery.fast_forward import LARGEST, SMOOTH, applies, approximated

Flat = Mapping[str, Any]

SYNTHETIC = ("l1", "l2")
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


def _sparsity(values: Flat) -> Iterator[Fault]:
    where, s = largest(values["task.s"])
    n = smallest(values["task.n"])
    if s is not None and n is not None and s > n:
        yield path("task.s", where), f"s = {s} is above n = {n}; accepted: s up to n for all combinations"


def _smooth(values: Flat) -> Iterator[Fault]:
    if values["optimizer.kind"] == "gd" and values["regularizer.kind"] not in SMOOTH:
        yield (
            path("optimizer.kind"),
            f"gd does not take the non-smooth regularizer {values['regularizer.kind']}; "
            "accepted: subgradient, proximal, projected (gd takes none, l2)",
        )


def _one_beta(values: Flat) -> Iterator[Fault]:
    if values["task.kind"] == "synthetic" and values["regularizer.kind"] not in SYNTHETIC:
        yield (
            path("regularizer.kind"),
            f"the synthetic law needs one beta, not {values['regularizer.kind']}; accepted: {', '.join(SYNTHETIC)}",
        )


def _nothing_to_record(values: Flat) -> Iterator[Fault]:
    if values["task.kind"] == "synthetic" and values["budget.record"] == "coordinates":
        yield path("budget.record"), "the synthetic task has no coordinates; accepted: curves"


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
    kind, stop = values["task.kind"], values["budget.stop"]
    if stop == "after_t2":
        yield path("budget.stop"), "after_t2 ends trials before error_settled is known; accepted: settled"
    elif stop == "auto":
        _, n = largest(values["task.n"])
        if not may_leap(values["engine"], kind, values["optimizer.kind"], values["regularizer.kind"], n):
            yield (
                path("budget.stop"),
                "auto is after_t2 here, which ends trials before error_settled is known; accepted: settled",
            )


def _settles_synthetic(values: Flat) -> Iterator[Fault]:
    if values["task.kind"] == "synthetic" and "error_settled" in values["search.objective"].responses:
        yield (
            path("search.objective"),
            "the error of a synthetic trial never settles; accepted: responses other than error_settled",
        )


def may_leap(engine: str, task: str, optimizer: str, regularizer: str, n: Any) -> bool:
    """Return whether trials of these kinds may be fast-forwarded: then `stop: auto` is `settled`."""
    return engine == "surrogate" or (engine != "step" and applies(task, optimizer, regularizer, int(n or 0)))


def _fast_forwarded(values: Flat) -> Iterator[Fault]:
    kinds = values["task.kind"], values["optimizer.kind"], values["regularizer.kind"]
    if values["engine"] == "fast_forward" and not applies(*kinds, 1):
        yield (
            path("engine"),
            "fast_forward takes sparse_recovery by proximal or gd steps (subgradient: with regularizer none or l2); "
            "accepted: auto, step",
        )
    if values["engine"] == "surrogate" and not approximated(*kinds, 1):
        yield (
            path("engine"),
            "surrogate takes sparse_recovery by subgradient steps with regularizer l1 or elastic; accepted: auto, step",
        )


def _fast_forwarded_size(values: Flat) -> Iterator[Fault]:
    where, n = largest(values["task.n"])
    engine = values["engine"]
    if engine in ("fast_forward", "surrogate") and n is not None and n > LARGEST:
        yield path("task.n", where), f"{n} is refused; accepted with engine {engine}: up to {LARGEST}"


LARGEST_BATCH = 5_000
"""Trials that an adaptive search proposes at once: some tenths of a second, in which nobody else writes to SQLite."""
PARTS = ("task.kind", "regularizer.kind", "optimizer.kind")
ALWAYS: tuple[tuple[tuple[str, ...], Callable[[Flat], Iterator[Fault]]], ...] = (
    (("task.s", "task.n"), _sparsity),
    (("optimizer.kind", "regularizer.kind"), _smooth),
    (("task.kind", "regularizer.kind"), _one_beta),
    (("task.kind", "budget.record"), _nothing_to_record),
    (("engine", "task.kind", "optimizer.kind", "regularizer.kind"), _fast_forwarded),
    (("engine", "task.n"), _fast_forwarded_size),
    (("search.kind",), _values_of_a_grid),
    (("search.kind", "search.num_configs", *PARTS), _points_to_propose),
    (("search.kind", "search.batch", "seeds"), _of_one_batch),
    (("search.kind", *PARTS), _evolved),
    (("search.kind", "search.objective"), _one_response),
    (("search.prune", "search.objective"), _prunes),
    (("search.objective", "budget.stop", "engine", "task.n", *PARTS), _settles),
    (("search.objective", "task.kind"), _settles_synthetic),
    (("search.kind", *PARTS), _something_to_search),
)


def _sweepable(name: str) -> bool:
    return name.partition(".")[0] in ("task", "regularizer", "optimizer")


def _sizes(values: Flat, limits: Limits) -> Iterator[Fault]:
    bounds = {"task.n": limits.max_n, "task.N": limits.max_n, "budget.max_steps": limits.max_steps}
    for name, bound in bounds.items():
        where, value = largest(values.get(name, 0))
        if value is not None and value > bound:
            yield path(name, where), f"{value} is above this server's limit; accepted: up to {bound}"


def _searches(values: Flat, limits: Limits) -> Iterator[Fault]:
    if (kind := values.get("search.kind")) in limits.lacks:
        others = ", ".join(other for other in ADAPTIVE if other not in limits.lacks)
        yield (
            path("search.kind"),
            f"{kind} is not installed on this server (`pip install 'grokscale[search]'`); accepted: {others}",
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
    if values.get("task.seconds"):
        yield path("task.seconds"), f"{values['task.seconds']} is refused; accepted without GROKSCALE_TEST_TASKS=1: 0"
    if values.get("task.faults") is not None:
        yield path("task.faults"), "an object is refused; accepted without GROKSCALE_TEST_TASKS=1: null"
