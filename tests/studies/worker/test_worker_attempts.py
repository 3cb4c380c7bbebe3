"""The directories of attempts: each made once, by one worker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from studies.worker import attempts
from trainers.checkpoint import Checkpoint, save


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint(step, 0.0, (), {"indices": []}, {})


def test_attempts_are_numbered_from_one(tmp_path: Path) -> None:
    assert [attempts.begin(tmp_path, "pack")[0] for _ in range(3)] == [1, 2, 3]
    assert (tmp_path / "pack" / "3").is_dir()


def test_attempts_that_begin_at_once_get_directories_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: attempts.begin(tmp_path, "pack")[0], range(40)))
    assert sorted(numbers) == list(range(1, 41))


def test_a_pack_resumes_from_the_most_advanced_checkpoint_of_its_line(tmp_path: Path) -> None:
    for pack, step in [("parent", 500), ("parent", 900), ("half", 700), ("other", 5000)]:
        save(attempts.begin(tmp_path, pack)[1], checkpoint(step))
    attempts.begin(tmp_path, "half")  # an attempt that ended before its first checkpoint
    found = attempts.resume(tmp_path, ["half", "parent"])
    assert found is not None
    assert found.step == 900


def test_a_pack_without_a_checkpoint_begins_at_the_start(tmp_path: Path) -> None:
    attempts.begin(tmp_path, "pack")
    assert attempts.resume(tmp_path, ["pack", "never seen"]) is None


def test_a_discarded_study_leaves_nothing_and_its_workers_cannot_write_any_more(tmp_path: Path) -> None:
    _, directory = attempts.begin(tmp_path / "study", "pack")
    attempts.discard(tmp_path / "study")
    assert not (tmp_path / "study").exists()
    try:
        save(directory, checkpoint(1))
    except FileNotFoundError:
        assert not (tmp_path / "study").exists()
    else:
        raise AssertionError("a worker that was cut off wrote a checkpoint")
