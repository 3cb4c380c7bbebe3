"""What names the data of a trial and its random numbers: as 0.1 drew them, and the same for all who ask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grokscale.trainers.task import Streams
from grokscale.trainers.tasks.registry import described, draw_of, draws_of, identities
from grokscale.trainers.trial import Identity, Trial
from tests.trainers.packs import sparse, synthetic


def named(trial: Trial, study_seed: int = 0) -> Identity:
    kind = "synthetic" if "prefactor" in trial.config else "sparse_recovery"
    return identities(kind, study_seed, [trial])[0]


SYNTHETIC = "943e222791866faab021648db49f687fc9967d51bd1ca9480310994f47f40d55", 0.8868160573859426
"""Key and first normal number of the sub-stream `signal`, as version 0.1 drew them at study seed 7."""
SPAWNED = "a1a2ecf32cded7a0324b2b166266aaecb9f270f883e098f96ff9ff0182260929", 0.5113437974520753
LEGACY = "d733830b153b41f3de101b5ecb3ae1bc6adf4d828b92220b227ac36b7342afa3", -1.7822311154460617


@pytest.mark.parametrize(
    ("kind", "trial", "drawn"),
    [
        ("sparse_recovery", sparse(0, 3), SPAWNED),
        ("sparse_recovery", sparse(0, 3, stream="legacy"), LEGACY),
        ("synthetic", synthetic(0, 3), SYNTHETIC),
        ("synthetic", synthetic(0, 3, prefactor=1.0), SYNTHETIC),
    ],
    ids=["spawned", "legacy", "synthetic", "synthetic with another prefactor"],
)
def test_the_streams_are_those_of_0_1(kind: str, trial: Trial, drawn: tuple[str, float]) -> None:
    streams = Streams.of(7, trial.seed, trial.config, described()[kind].data_fields)
    assert (streams.key, streams.generator("signal").standard_normal()) == drawn


def test_the_numbers_that_are_drawn_are_those_of_0_1() -> None:
    spawned = draw_of("sparse_recovery", sparse(0, 3), 7)
    legacy = draw_of("sparse_recovery", sparse(0, 3, stream="legacy", N=12), 0)
    assert (spawned.X[0, 0], spawned.direction[0]) == (0.4454630439655957, 0.09111818560184254)
    assert (legacy.X[0, 0], legacy.direction[0]) == (0.5163325653076118, -0.01502588795977965)
    made = draw_of("synthetic", synthetic(0, 3), 7)
    assert (made.factor, made.noise(synthetic(0, 3))) == (1.4257905373575082, 1.6956491270221674)


def test_the_names_are_those_that_are_stored() -> None:
    assert named(sparse(0, 3), 7) == Identity("sparse_recovery:7:a1a2ecf32cded7a0:3", "7:a1a2ecf32cded7a0:3")
    assert named(synthetic(0, 3), 7) == Identity("synthetic:7:943e222791866faa:3", "7:943e222791866faa:3")
    legacy = Identity("sparse_recovery:legacy:3:d733830b153b41f3", "legacy:3")
    assert named(sparse(0, 3, stream="legacy"), 7) == legacy
    random = Identity("sparse_recovery:legacy:3:d733830b153b41f3:7", "legacy:3")
    assert named(sparse(0, 3, stream="legacy", init="random"), 7) == random


@pytest.mark.parametrize("change", [{"alpha": 0.01}, {"beta": 1e-5}, {"optimizer": "gd"}, {"init_scale": 1.0}])
def test_what_trains_on_the_same_data_has_their_name(change: dict[str, Any]) -> None:
    assert named(sparse(0, 3)) == named(sparse(1, 3, **change))


@pytest.mark.parametrize(
    "change", [{"prefactor": 1.0}, {"exponent": 0.5}, {"sigma": 0.0}, {"t1_prefactor": 9.0}, {"seconds": 1.0}]
)
def test_of_a_synthetic_law_nothing_but_the_spread_of_its_draws_is_drawn(change: dict[str, Any]) -> None:
    assert named(synthetic(0, 3)) == named(synthetic(1, 3, **change))
    assert named(synthetic(0, 3)) != named(synthetic(0, 3, draw_sigma=0.1))


@pytest.mark.parametrize("stream", ["spawned", "legacy"])
def test_two_trials_have_one_name_exactly_where_they_have_the_same_data(stream: str) -> None:
    start: Any = "random"
    tried = [
        (sparse(0, seed, stream=stream, N=N, alpha=alpha, init=start), study_seed)
        for seed in (0, 1)
        for N in (8, 9)
        for alpha in (0.1, 0.2)
        for study_seed in (0, 1)
    ]
    for one, of_one in tried:
        for other, of_other in tried:
            a, b = (draw_of("sparse_recovery", t, s) for t, s in ((one, of_one), (other, of_other)))
            same = a.X.shape == b.X.shape and all(
                np.array_equal(getattr(a, part), getattr(b, part)) for part in ("X", "y", "a_star", "direction")
            )
            assert (named(one, of_one).data_id == named(other, of_other).data_id) is same


def test_a_legacy_seed_serves_every_size_and_every_study() -> None:
    streams = {named(sparse(0, 3, stream="legacy", N=N), study).stream_id for N in (8, 9) for study in (0, 1)}
    assert streams == {"legacy:3"}
    small, large = (draw_of("sparse_recovery", sparse(0, 3, stream="legacy", N=N), N) for N in (8, 9))
    np.testing.assert_allclose(small.X * np.sqrt(8), large.X[:8] * 3)
    spawned = {named(sparse(0, 3, N=N), study).stream_id for N in (8, 9) for study in (0, 1)}
    assert len(spawned) == 4


def test_trials_of_one_name_share_one_object_in_a_pack() -> None:
    tried = [(0, 8, 0.1), (0, 8, 0.2), (0, 9, 0.1), (1, 8, 0.1)]
    trials = [sparse(i, seed, N=N, alpha=alpha) for i, (seed, N, alpha) in enumerate(tried)]
    drawn = draws_of("sparse_recovery", trials, 0)
    assert [drawn.index(draw) for draw in drawn] == [0, 0, 2, 3]


def test_a_draw_has_one_name_in_memory_however_many_trials_share_it() -> None:
    trials = [synthetic(index, seed=index % 3) for index in range(300)]
    assert len({id(identity) for identity in identities("synthetic", 0, trials)}) == 3
