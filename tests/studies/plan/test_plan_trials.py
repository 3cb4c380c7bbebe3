"""The plan: trials in their order, every one in exactly one pack, and nothing that depends on the cluster but packs."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grokscale.studies.packs import budget, pack
from grokscale.studies.plan import Plan, Resources, plan
from grokscale.studies.plan.packing import MOST, cut
from grokscale.studies.plan.plan import slots
from grokscale.studies.search import configurations
from grokscale.studies.spec import parse
from grokscale.trainers.tasks.registry import described
from grokscale.trainers.trial import Budget
from tests.studies.spec.spec_samples import BASE, changed, specs

ONE = Resources(cpus=1)
CONFIGURATIONS = 24
"""Of the sample: 8 strengths times 3 step sizes, so the columns that one draw brings."""


def planned(cpus: int = 2, **fields: Any) -> Plan:
    return plan(parse(BASE | fields), Resources(cpus))


@given(specs(), st.integers(1, 64))
@settings(max_examples=80, deadline=None)
def test_every_trial_is_in_exactly_one_pack(data: dict[str, Any], cpus: int) -> None:
    made = plan(parse(data), Resources(cpus))
    assert sorted(i for one in made.packs for i in one.members) == list(range(len(made.trials)))
    assert [one.number for one in made.packs] == list(range(len(made.packs)))
    assert all(1 <= len(one.members) <= MOST for one in made.packs)


@given(specs())
@settings(max_examples=50, deadline=None)
def test_trials_run_by_configuration_then_by_seed(data: dict[str, Any]) -> None:
    spec = parse(data)
    seeds = range(spec.seeds) if isinstance(spec.seeds, int) else spec.seeds
    expected = itertools.product(enumerate(configurations(spec)), seeds)
    found = plan(spec, ONE).trials
    assert [(t.configuration, t.config, t.seed) for t in found] == [(n, c, s) for (n, c), s in expected]
    assert [t.index for t in found] == list(range(len(found)))


@given(specs(), st.integers(1, 64), st.integers(1, 64))
@settings(max_examples=50, deadline=None)
def test_the_cluster_changes_packs_and_nothing_else(data: dict[str, Any], one: int, other: int) -> None:
    spec = parse(data)
    here, there = plan(spec, Resources(one)), plan(spec, Resources(other))
    assert here.trials == there.trials
    assert (here.configurations, here.draws) == (there.configurations, there.draws)
    assert plan(spec, Resources(one)) == here


@pytest.mark.parametrize("field", ["n", "N"])
def test_trials_of_different_shape_share_no_pack(field: str) -> None:
    made = plan(parse(changed(f"/task/{field}", [40, 50, 60])), Resources(4))
    for one in made.packs:
        assert len({made.trials[i].config[field] for i in one.members}) == 1


def test_the_trials_of_a_draw_lie_side_by_side() -> None:
    made = planned(cpus=4, seeds=40)
    for one in made.packs:
        seeds = [made.trials[i].seed for i in one.members]
        assert len([seed for seed, _ in itertools.groupby(seeds)]) == len(set(seeds))


def test_the_draws_are_counted() -> None:
    assert planned().draws == 10
    assert plan(parse(changed("/task/tau", [0, 0.5])), ONE).draws == 20
    assert plan(parse(changed("/task/init_scale", [1e-6, 1e-3])), ONE).draws == 10


@pytest.mark.parametrize(("cpus", "packs"), [(2, 2), (4, 4), (7, 7), (64, 10)])
def test_there_is_a_pack_for_every_cpu_but_none_is_tiny(cpus: int, packs: int) -> None:
    made = planned(cpus)
    assert len(made.packs) == packs
    assert min(len(one.members) for one in made.packs) >= CONFIGURATIONS


def test_a_study_smaller_than_a_pack_is_one_pack() -> None:
    assert len(planned(64, seeds=1).packs) == 1


def test_cpus_of_a_pack_and_max_packs_bound_the_packs_side_by_side() -> None:
    assert len(planned(8, resources={"cpus": 2}).packs) == 4
    assert len(planned(8, resources={"max_packs": 3}).packs) == 3
    spec = parse(BASE | {"resources": {"gpus": 1}})
    assert len(plan(spec, Resources(cpus=8, gpus=2)).packs) == 2
    assert slots(spec, Resources(cpus=8)) == 1


def test_the_slowest_pack_starts_first() -> None:
    random = BASE | {"search": {"kind": "random", "num_configs": 30}}
    made = plan(parse(changed("/task/N", {"linear": [20, 60]}, random)), ONE)
    configs = [[made.trials[i].config for i in one.members] for one in made.packs]
    slowest = [max(1 / (config["alpha"] * config["beta"]) for config in pack) for pack in configs]
    assert len(slowest) > 5
    assert slowest == sorted(slowest, reverse=True)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=300), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
@example([0] * 3000, 1)
@example([i % 700 for i in range(2100)], 3)
def test_cutting_keeps_every_position_once_and_draws_together(draws: list[int], packs: int) -> None:
    made = cut(draws, packs)
    assert sorted(itertools.chain(*made)) == list(range(len(draws)))
    assert all(1 <= len(one) <= MOST for one in made)
    for one in made:
        inside = [draws[i] for i in one]
        assert len(list(itertools.groupby(inside))) == len(set(inside))


def test_a_large_group_is_parted_by_length_so_that_no_pack_goes_on_for_a_few_slow_trials() -> None:
    made = planned(2, seeds=40)
    assert len(made.packs) == 3 * 2
    slowness = described()["sparse_recovery"].slowness()
    lengths = [[slowness(made.trials[i].config) for i in one.members] for one in made.packs]
    for longer, shorter in itertools.pairwise(lengths[::2]):
        assert min(longer) >= max(shorter)
    assert {len(one) for one in lengths} == {160}


@pytest.mark.parametrize(("draws", "each", "packs"), [(10, 24, 4), (6, 15, 2), (1, 480, 8), (100, 5, 3), (3, 700, 2)])
def test_packs_are_of_about_equal_size(draws: int, each: int, packs: int) -> None:
    sizes = [len(one) for one in cut([d for d in range(draws) for _ in range(each)], packs)]
    assert len(sizes) >= packs
    assert max(sizes) - min(sizes) <= (each if draws > 1 else 1)


def test_stop_auto_means_settled_where_trials_may_be_fast_forwarded() -> None:
    assert budget(parse(BASE)) == Budget(max_steps=10_000_000, stop="settled")
    assert budget(parse(BASE | {"engine": "fast_forward"})).stop == "settled"
    assert budget(parse(BASE | {"engine": "step"})).stop == "after_t2"
    assert budget(parse(changed("/optimizer/kind", "subgradient"))).stop == "after_t2"
    assert budget(parse(changed("/task/n", [100, 1200]))).stop == "after_t2"
    assert budget(parse(changed("/budget/stop", "after_t2"))).stop == "after_t2"


def test_the_budget_carries_every_field() -> None:
    fields = {"max_steps": 7, "max_seconds": 8.5, "stop": "max_steps", "record": "coordinates"}
    fields |= {"train_threshold": 0.2, "test_threshold": 0.3, "plateau_every": 10}
    assert budget(parse(BASE | {"budget": fields})) == Budget(**fields)


def test_a_pack_carries_its_trials_in_column_order() -> None:
    spec = parse(BASE | {"seed": 5, "resources": {"cpus": 2}})
    made = plan(spec, Resources(8))
    packs = [pack(spec, [made.trials[i] for i in one.members], f"pack-{one.number}") for one in made.packs]
    for one, sent in zip(made.packs, packs, strict=True):
        assert tuple(t.index for t in sent.trials) == one.members
        assert (sent.id, sent.task, sent.study_seed) == (f"pack-{one.number}", "sparse_recovery", 5)
        assert (sent.engine, sent.device, sent.threads) == ("auto", "cpu", 2)
    assert Counter(t.index for sent in packs for t in sent.trials) == Counter(range(len(made.trials)))
    assert pack(parse(BASE | {"resources": {"gpus": 1}}), made.trials, "x").device == "cuda"


def test_a_hundred_thousand_trials_are_planned() -> None:
    data = changed("/regularizer/beta/num", 100, BASE | {"seeds": 333})
    made = plan(parse(data), Resources(2))
    assert len(made.trials) == 99_900
    assert made.draws == 333
