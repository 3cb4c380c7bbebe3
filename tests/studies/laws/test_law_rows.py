"""What becomes of every kind of row: in the likelihood as what is known of it, or counted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from grokscale.studies.laws import TooLittle, law
from grokscale.studies.laws.rows.responses import Observed, observe
from grokscale.studies.vocabulary import RESPONSES
from tests.studies.laws.tables import Row, censor, crossing, grid, ladder, power_law, table


def seen(response: str, *rows: Row, threshold: float | None = None) -> Observed:
    return observe(table([{"seed": 0, "alpha": 0.1, "beta": 1e-5, **row} for row in rows]), response, threshold)


def told(observed: Observed, row: int = 0) -> tuple[str, float, float]:
    """Word and ends of the response itself, not of its logarithm."""
    return observed.words[row], float(np.exp(observed.lower[row])), float(np.exp(observed.upper[row]))


def test_a_time_seen_to_the_step_is_that_step() -> None:
    assert told(seen("t2", crossing("t2", "exact", 500))) == ("exact", pytest.approx(500), pytest.approx(500))


def test_a_bracket_is_its_ends() -> None:
    observed = seen("t2", crossing("t2", "interval", lower=400, upper=500))
    assert told(observed) == ("interval", pytest.approx(400), pytest.approx(500))


def test_a_bracket_from_the_start_is_open_below() -> None:
    assert told(seen("t2", crossing("t2", "interval", lower=0, upper=500))) == ("interval", 0, pytest.approx(500))


def test_there_at_the_start_means_at_most_one_step() -> None:
    assert told(seen("t1", crossing("t1", "left"))) == ("left", 0, 1)


def test_out_of_budget_means_longer_than_the_budget() -> None:
    assert told(seen("t2", crossing("t2", "right", lower=10**6))) == ("right", pytest.approx(1e6), math.inf)


@pytest.mark.parametrize("word", ["infeasible", "stalled"])
def test_what_cannot_cross_has_no_time(word: str) -> None:
    observed = seen("t2", crossing("t2", word, lower=10**6) | {"outcome": word})
    assert (observed.words[0], observed.inside[0]) == (word, False)


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("diverged", "diverged"),
        ("pruned", "pruned"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("uninformative_data", "uninformative"),
    ],
)
def test_a_trial_that_ended_without_times_bears_its_outcome(outcome: str, word: str) -> None:
    observed = seen("t2", {"outcome": outcome})
    assert (observed.words[0], observed.inside[0]) == (word, False)


# -- trials that are still running ----------------------------------------------------------------------------------


def running(steps: int | None, *, started: bool = True) -> Row:
    return {"outcome": None, "obtained": None, "started": started, "steps": steps}


def ended(t2: int, steps: int) -> Row:
    return crossing("t2", "exact", t2) | {"steps": steps}


def test_a_running_trial_has_not_crossed_before_its_last_step_less_what_it_runs_on() -> None:
    # t2 + 2 % > 1e6 rules out every t2 up to 1e6/1.02
    observed = seen("t2", ended(10**5, 102_000), running(10**6))
    assert told(observed, 1) == ("right", pytest.approx(math.floor(1e6 / 1.02)), math.inf)
    assert observed.unended.tolist() == [False, True]


def test_early_on_the_thousand_steps_it_runs_on_count() -> None:
    assert told(seen("t2", ended(10**4, 11_000), running(5000)), 1) == ("right", pytest.approx(4000), math.inf)


def test_the_last_crossing_is_no_earlier_than_the_first() -> None:
    assert told(seen("t2_stayed", ended(10**4, 11_000), running(5000)), 1)[0] == "right"


@pytest.mark.parametrize("row", [running(None, started=False), running(0), running(900)])
def test_a_trial_of_which_nothing_is_known_is_pending(row: Row) -> None:
    assert seen("t2", ended(10**4, 11_000), row).words[1] == "pending"


@pytest.mark.parametrize("response", ["t1", "t1_gradient", "t2_plateau", "delay", "error_min"])
def test_a_running_trial_may_have_had_any_other_response_already(response: str) -> None:
    times = crossing("t1", "exact", 50) | crossing("t2_plateau", "exact", 10**4) | crossing("delay", "exact", 9950)
    done = ended(10**4, 11_000) | times | {"error_min": 1e-3} | crossing("t1_gradient", "exact", 40)
    assert seen(response, done, running(10**6)).words[1] == "pending"


def test_under_a_stop_rule_that_runs_on_it_may_have_crossed_long_ago() -> None:
    assert seen("t2", ended(10**4, 10**6), running(10**6)).words[1] == "pending"


def test_a_law_of_a_running_study_says_so() -> None:
    rows = power_law(grid(seeds=6))
    rows[0] = {**rows[0], **crossing("t2", ""), **running(5 * 10**6)}
    rows[1] = {**rows[1], **crossing("t2", ""), **running(None, started=False)}
    answer = law(table(rows), "t2")
    assert (answer["n"], answer["censored"]["right"], answer["censored"]["pending"]) == (len(rows) - 1, 1, 1)
    assert "1 trials are still running" in answer["warnings"][0]
    assert "1 trials have not ended" in answer["warnings"][1]


# -- derived responses ----------------------------------------------------------------------------------------------


def stayed(step: int | None, **changed: Any) -> Row:
    return crossing("t2", "exact", 500) | {"t2_stayed": step, "steps": 2000} | changed


def test_the_last_crossing_is_the_first_where_the_error_stayed_below() -> None:
    assert told(seen("t2_stayed", stayed(500))) == ("exact", pytest.approx(500), pytest.approx(500))


def test_the_last_crossing_is_where_the_error_stayed() -> None:
    assert told(seen("t2_stayed", stayed(900))) == ("exact", pytest.approx(900), pytest.approx(900))


def test_above_the_threshold_at_the_end_the_last_crossing_is_still_to_come() -> None:
    assert told(seen("t2_stayed", stayed(None))) == ("right", pytest.approx(2000), math.inf)


def test_trials_that_rose_again_are_counted() -> None:
    rows = power_law(grid(seeds=6))
    rows[3] |= {"t2_stayed": rows[3]["t2_step"] + 7}
    rows[4] |= {"t2_stayed": None}
    assert any(w.startswith("2 trials rose above the threshold again") for w in law(table(rows), "t2")["warnings"])


def test_a_delay_is_read_as_it_is() -> None:
    assert told(seen("delay", crossing("delay", "exact", 450))) == ("exact", pytest.approx(450), pytest.approx(450))


@pytest.mark.parametrize("row", [crossing("delay", "exact", 0), crossing("delay", "interval", lower=-9, upper=-1)])
def test_a_delay_that_is_not_positive_has_no_logarithm(row: Row) -> None:
    assert seen("delay", row).words[0] == "nonpositive"


@pytest.mark.parametrize("t1", [crossing("t1", "exact", 600), crossing("t1", "right", lower=600)])
def test_t1_after_t2_is_a_delay_that_is_not_positive(t1: Row) -> None:
    assert seen("delay", t1 | crossing("t2", "exact", 500)).words[0] == "nonpositive"


def test_without_t1_the_delay_is_missing() -> None:
    assert seen("delay", crossing("t2", "exact", 500)).words[0] == "missing"


def test_where_t2_is_infeasible_so_is_the_delay() -> None:
    row = crossing("t1", "exact", 60) | crossing("t2", "infeasible", lower=10**6) | {"outcome": "infeasible"}
    assert seen("delay", row).words[0] == "infeasible"


def test_an_error_is_exact() -> None:
    assert told(seen("error_settled", {"error_settled": 1e-3})) == ("exact", pytest.approx(1e-3), pytest.approx(1e-3))


def test_an_infeasible_trial_has_an_error() -> None:
    row = {"error_settled": 0.2, "outcome": "infeasible"} | crossing("t2", "infeasible", lower=10**6)
    assert seen("error_settled", row).words[0] == "exact"


@pytest.mark.parametrize(("value", "word"), [(None, "missing"), (0.0, "nonpositive")])
def test_an_error_that_has_no_logarithm_is_counted_out(value: float | None, word: str) -> None:
    assert seen("error_settled", {"error_settled": value}).words[0] == word


RUNGS = ladder(
    **{
        "1e_1": {
            "t1": {"step": 20, "lower": 19, "upper": 20, "censoring": "exact", "stayed": 20},
            "t2": {"step": 300, "lower": 299, "upper": 300, "censoring": "exact", "stayed": 300},
        },
        "1e_3": {"t1": None, "t2": None},
    }
)


@pytest.mark.parametrize(("response", "value"), [("t1", 20), ("t2", 300), ("t2_stayed", 300), ("delay", 280)])
def test_a_threshold_picks_a_rung_of_the_ladder(response: str, value: float) -> None:
    row = {"ladder": RUNGS} | crossing("t2", "exact", 500) | crossing("t1", "exact", 40)
    observed = seen(response, row, threshold=0.1)
    assert told(observed) == ("exact", pytest.approx(value), pytest.approx(value))


def test_a_rung_that_a_trial_did_not_record_is_missing() -> None:
    assert seen("t2", {"ladder": RUNGS} | crossing("t2", "exact", 500), threshold=1e-3).words[0] == "missing"


# -- counts ---------------------------------------------------------------------------------------------------------


def test_every_trial_is_accounted_for() -> None:
    rows = censor(power_law(grid(seeds=7)), 20_000_000)
    crossed = [i for i, row in enumerate(rows) if row["t2_censoring"] == "exact"]
    replaced = [
        crossing("t2", "infeasible", lower=9) | {"outcome": "infeasible"},
        crossing("t2", "stalled", lower=9) | {"outcome": "stalled"},
        crossing("t2", "left"),
        crossing("t2", "") | {"outcome": "diverged"},
        crossing("t2", "") | {"outcome": "failed"},
        crossing("t2", "") | {"outcome": "cancelled"},
        crossing("t2", "") | {"outcome": "uninformative_data"},
        crossing("t2", "") | running(None, started=False),
        {"alpha": None},
        {"beta": 0.0},
    ]
    for i, row in zip(crossed, replaced, strict=False):
        rows[i] = rows[i] | row
    answer = law(table(rows), "t2")
    counted = answer["counted_out"]
    outside = sum(
        answer["censored"][w] for w in ("infeasible", "stalled", "diverged", "failed", "cancelled", "pending")
    )
    out = sum(count for reason, count in counted.items() if reason != "draws_without_crossing")
    assert answer["n"] + outside + out == len(rows)
    assert (counted["uninformative"], counted["x_missing"], counted["x_nonpositive"]) == (1, 1, 1)
    assert answer["censored"]["left"] == 1


def hopeless(rows: list[Row], seeds: set[int]) -> list[Row]:
    never = crossing("t2", "right", lower=100) | {"outcome": "memorised", "steps": 100}
    return [row | never if row["seed"] in seeds else row for row in rows]


def test_draws_without_a_crossing_are_counted_out_where_each_has_a_prefactor_of_its_own() -> None:
    rows = hopeless(power_law(grid(seeds=8)), {2, 5})
    answer = law(table(rows), "t2", effect="fixed")
    without = law(table([row for row in rows if row["seed"] not in {2, 5}]), "t2", effect="fixed")
    assert (answer["draws"], answer["n"]) == (6, 54)
    assert answer["counted_out"]["draws_without_crossing"] == 2
    assert answer["counted_out"]["rows_of_draws_without_crossing"] == 18
    assert answer["exponent"] == without["exponent"]


def test_where_prefactors_are_of_one_distribution_they_stay() -> None:
    rows = hopeless(power_law(grid(seeds=8)), {2, 5})
    answer = law(table(rows), "t2")
    assert (answer["intercepts"], answer["draws"], answer["n"]) == ("random", 8, 72)
    assert answer["counted_out"]["draws_without_crossing"] == 0


def test_pooled_they_stay_with_a_warning() -> None:
    answer = law(table(hopeless(power_law(grid(seeds=8)), {2})), "t2", effect="none")
    assert (answer["draws"], answer["n"], answer["counted_out"]["draws_without_crossing"]) == (8, 72, 0)
    assert "1 draws without a crossing stay in the pooled likelihood" in answer["warnings"]


def test_a_field_that_changes_the_data_makes_draws_of_its_own() -> None:
    rows = [row for N in (20, 30) for row in power_law(grid(seeds=3, N=N), seed=N)]
    assert law(table(rows), "t2")["draws"] == 6


def test_a_field_that_does_not_change_the_data_makes_none() -> None:
    rows = [row for scale in (1e-6, 1e-3) for row in power_law(grid(seeds=3, init_scale=scale, optimizer="proximal"))]
    assert law(table(rows), "t2")["draws"] == 3


def test_few_infeasible_trials_are_only_said_to_be_conditioned_on() -> None:
    rows = power_law(grid(seeds=10))
    rows[0] |= crossing("t2", "infeasible", lower=10**6) | {"outcome": "infeasible"}
    answer = law(table(rows), "t2")
    assert answer["warnings"] == []
    assert answer["text"].endswith("Conditional on reaching the threshold: 1 trial cannot.")


def infeasible_at(betas: set[float]) -> list[Row]:
    never = crossing("t2", "infeasible", lower=10**6) | {"outcome": "infeasible"}
    rows = power_law(grid(betas=(1e-6, 1e-5, 1e-4), seeds=10))
    return [row | never if row["beta"] in betas else row for row in rows]


def test_above_a_tenth_they_are_a_warning_by_draw_and_by_beta() -> None:
    [warning] = law(table(infeasible_at({1e-4})), "t2")["warnings"]
    assert "30 trials (33% of those known) cannot reach the threshold" in warning
    assert "in 10 of 10 draws, at most 3 in one. By beta: 0.0001: 30 of 30." in warning


def test_above_a_half_there_is_no_law() -> None:
    with pytest.raises(TooLittle, match="a law of the others would describe a minority") as refusal:
        law(table(infeasible_at({1e-4, 1e-5})), "t2")
    assert refusal.value.counts["censored"]["infeasible"] == 60


@pytest.mark.parametrize("response", RESPONSES)
def test_every_response_is_read(response: str) -> None:
    row = crossing("t1", "exact", 5) | crossing("t1_gradient", "exact", 6) | crossing("t2", "exact", 30)
    row |= crossing("t2_plateau", "exact", 40) | {"delay_step": 25, "delay_lower": 24, "delay_upper": 25}
    row |= {"delay_censoring": "exact", "error_settled": 0.1, "error_min": 0.2, "error_plateau": 0.3}
    of = {"t1": 5, "t1_gradient": 6, "t2": 30, "t2_stayed": 30, "t2_plateau": 40, "delay": 25}
    of |= {"error_settled": 0.1, "error_min": 0.2, "error_plateau": 0.3}
    observed = observe(table([{"configuration": 0, "seed": 0, "alpha": 0.1, "beta": 1e-3} | row]), response, None)
    assert observed.words.tolist() == ["exact"]
    assert np.exp(observed.upper) == pytest.approx(of[response])
