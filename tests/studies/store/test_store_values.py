"""What is never stored: NaN, infinity, and text that a database refuses."""

from __future__ import annotations

import numpy as np
import pytest
from samples import add, outcome, running

from grokscale.studies.store import Store
from grokscale.trainers.trial import Crossing, ErrorPoint, Outcome

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("bad", [NAN, INF, -INF, np.float64("nan"), np.float32("inf")])
def test_what_is_not_finite_is_stored_as_nothing(store: Store, bad):
    lease = running(store)
    curve = {"step": np.arange(3), "train_error": np.array([bad, 1.0, bad]), "test_error": np.array([1.0, bad, 0.5])}
    sent = outcome(
        0,
        errors={"stop": ErrorPoint(bad, 5, {"mean_l1": 1.0}), "min": ErrorPoint(0.5, 5, {"mean_l1": bad})},
        theory={"a_gap": bad, "floor": 0.25},
        seconds=bad,
        error={"norm": bad, "trace": [1.0, bad]},
        curve=curve,
    )
    store.commit(lease, store.open_packs(lease)[0].id, [sent], 1, "host")
    trial = store.trials(lease.study_id).items[0]
    assert trial.errors["stop"] is None
    assert trial.errors["min"] == ErrorPoint(0.5, 5, {"mean_l1": None})
    assert trial.theory == {"a_gap": None, "floor": 0.25}
    assert trial.seconds is None
    assert trial.error == {"norm": None, "trace": [1.0, None]}
    curves = store.curves(trial.id)
    assert curves.columns == {"train_error": [None, 1.0, None], "test_error": [1.0, None, 0.5]}
    assert _stored_non_finite(store) == []


def test_an_infinite_speed_is_no_speed(store: Store):
    lease = running(store)
    pack = store.open_packs(lease)[0]
    store.pack_started(lease, pack.id, 1, "host")
    store.pack_progress(lease, pack.id, 5, INF, INF)
    progress = store.study(lease.study_id).progress
    assert (progress.steps_per_second, progress.eta_seconds) == (0.0, None)


def test_numpy_numbers_are_taken_as_numbers(store: Store):
    lease = running(store)
    n = np.int64(12)
    crossing = Crossing(n, n - 1, n, "exact", n)  # type: ignore[arg-type]
    sent = outcome(0, steps=n, t2=crossing, ladder={"1e-2": {"t1": None, "t2": crossing}}, seconds=np.float32(0.5))
    store.commit(lease, store.open_packs(lease)[0].id, [sent], 1, "host")
    trial = store.trials(lease.study_id).items[0]
    assert (trial.steps, trial.t2, trial.seconds) == (12, Crossing(12, 11, 12, "exact", 12), 0.5)
    assert trial.ladder["1e-2"]["t2"] == {"step": 12, "lower": 11, "upper": 12, "censoring": "exact", "stayed": 12}


def test_steps_beyond_32_bits_are_kept_to_the_step(store: Store):
    lease = running(store)
    step = 10**12 - 1
    sent = outcome(0, at=step, curve={"step": np.array([step]), "test_error": np.array([0.5])})
    store.commit(lease, store.open_packs(lease)[0].id, [sent], 1, "host")
    trial = store.trials(lease.study_id).items[0]
    assert (trial.t2, trial.steps) == (sent.t2, step + 7)
    assert store.curves(trial.id).step == [step]


def test_floats_come_back_to_the_last_bit(store: Store):
    lease = running(store)
    values = np.array([0.1, 1e-300, 5e-324, 1.7976931348623157e308, -0.0, 1 / 3])
    sent = outcome(0, curve={"step": np.arange(6), "test_error": values}, seconds=0.1 + 0.2, theory={"floor": 1e22})
    store.commit(lease, store.open_packs(lease)[0].id, [sent], 1, "host")
    trial = store.trials(lease.study_id).items[0]
    assert store.curves(trial.id).columns["test_error"] == values.tolist()
    assert (trial.seconds, trial.theory["floor"]) == (0.1 + 0.2, 1e22)
    assert isinstance(trial.theory["floor"], float)


@pytest.mark.parametrize("text", ["nul \x00 here", "lone \ud800 surrogate", "emoji 🎲 and é"])
def test_a_traceback_of_any_text_is_recorded(store: Store, text: str):
    lease = running(store)
    error = {"type": text, "message": text, "traceback": [text]}
    store.commit(lease, store.open_packs(lease)[0].id, [Outcome(0, "failed", None, 0, error=error)], 1, text)
    trial = store.trials(lease.study_id).items[0]
    clean = text.replace("\x00", "\ufffd").replace("\ud800", "?")
    assert trial.error == {"type": clean, "message": clean, "traceback": [clean]}
    assert trial.host == clean


def test_the_order_of_keys_is_kept(store: Store):
    ladder = {f"1e-{k}": {"t1": None, "t2": None} for k in (1, 2, 3, 4, 5, 6)}
    lease = running(store)
    store.commit(lease, store.open_packs(lease)[0].id, [outcome(0, ladder=ladder)], 1, "host")
    assert list(store.trials(lease.study_id).items[0].ladder) == list(ladder)
    study = add(store)
    assert list(study.spec) == list(store.study(study.id).spec)


def _stored_non_finite(store: Store) -> list[object]:
    """Every NaN or infinity in any column of any table, found by looking at all of them."""
    found: list[object] = []
    with store._database.read() as connection:
        for table in ("gs_study", "gs_trial", "gs_pack", "gs_event", "gs_curve_point"):
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}").mappings():
                for name, value in row.items():
                    if isinstance(value, float) and not np.isfinite(value):
                        found.append((table, name, value))
                    if isinstance(value, str) and ("NaN" in value or "Infinity" in value):
                        found.append((table, name, value))
                    if name == "values" and not np.isfinite(np.frombuffer(value)).all():
                        found.append((table, name, value))
    return found
