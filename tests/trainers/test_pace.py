"""How long a pack still takes, by its own pace and before there is one."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from grokscale.trainers.pace import Pace
from grokscale.trainers.pack import train
from grokscale.trainers.tasks.registry import task
from grokscale.trainers.tasks.sparse_recovery.leaps import SparseLeaps
from tests.trainers.packs import pack, reports, sparse, synthetic

TRIALS = [sparse(i, i, N=26) for i in range(3)]
EXPECTED = {0: 1000, 1: 3000, 2: 500}


def test_the_steps_that_are_left_take_what_steps_took_so_far() -> None:
    pace = Pace(pack(TRIALS), EXPECTED)
    pace.stepped(4000, 2.0)
    assert pace.seconds_left(800, TRIALS, []) == pytest.approx((200 + 2200 + 0) * 2.0 / 4000)


def test_before_there_is_a_pace_a_step_takes_what_the_task_says() -> None:
    pace = Pace(pack(TRIALS), EXPECTED)
    said = task("sparse_recovery").seconds_per_step(TRIALS[0].config, 3, 3) / 3
    assert pace.seconds_left(0, TRIALS, []) == pytest.approx(4500 * said)


def test_a_trial_that_is_fast_forwarded_takes_what_others_did_whatever_its_length() -> None:
    pace = Pace(pack(TRIALS), dict.fromkeys(EXPECTED, 10**11))
    assert pace.seconds_left(0, [], TRIALS) == pytest.approx(3 * SparseLeaps().seconds(TRIALS[0].config))
    pace.leapt(0.2)
    pace.leapt(0.4)
    assert pace.seconds_left(0, [], TRIALS[:2]) == pytest.approx(2 * 0.3)


def test_a_trial_of_unknown_length_leaves_the_pack_unknown() -> None:
    pace = Pace(pack(TRIALS), EXPECTED | {1: None})
    assert pace.seconds_left(0, TRIALS, []) is None
    assert pace.seconds_left(0, [TRIALS[0], TRIALS[2]], []) is not None


@pytest.mark.parametrize("engine", ["step", "fast_forward"])
def test_reports_come_down_to_nothing(engine: str) -> None:
    of = replace(pack([sparse(i, i, N=26, beta=3e-5) for i in range(8)], max_steps=10**6), engine=engine)
    left = [report.seconds_left for report in reports(of, report_seconds=0.0, breath_seconds=0.01)]
    assert left[0] is not None
    assert left[0] > 0
    assert left[-1] == 0
    assert all(one is not None and one >= 0 for one in left)


def test_what_is_foretold_at_half_time_is_about_what_it_takes() -> None:
    of = pack([synthetic(i, 0, seconds=1.0, sigma=0.0, draw_sigma=0.0) for i in range(2)], task="synthetic")
    foretold = []
    for report in train(of, report_seconds=0.0):
        foretold.append((time.monotonic(), report.step, report.seconds_left))
    ended, last, _ = foretold[-1]
    asked, _, left = next(one for one in foretold if one[1] >= last / 2)
    assert left is not None
    assert (ended - asked) / 2 < left < 2 * (ended - asked)
