"""The directories of attempts: each made once, by one worker, and only what is its own is taken from there."""

from __future__ import annotations

import hashlib
import hmac
import os
import pickle
import stat
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from grokscale.studies.worker.attempts import TRACE, Attempts, discard
from grokscale.trainers.checkpoint import NAME, Checkpoint, Place, Unusable

KEY = bytes(range(32))


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    return Attempts(tmp_path / "study", KEY, own=True)


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint(step, 0.0, (), {"indices": []}, {})


def step(found: tuple[Checkpoint | None, list[str]]) -> int | None:
    return None if found[0] is None else found[0].step


def test_attempts_are_numbered_from_one(attempts: Attempts) -> None:
    assert [attempts.begin("pack")[0] for _ in range(3)] == [1, 2, 3]
    assert (attempts.directory / "pack" / "3").is_dir()


def test_attempts_that_begin_at_once_get_directories_of_their_own(attempts: Attempts) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: attempts.begin("pack")[0], range(40)))
    assert sorted(numbers) == list(range(1, 41))


def test_a_pack_resumes_from_the_most_advanced_checkpoint_of_its_line(attempts: Attempts) -> None:
    for pack, at in [("parent", 500), ("parent", 900), ("half", 700), ("other", 5000)]:
        attempts.begin(pack)[1].save(checkpoint(at))
    attempts.begin("half")  # an attempt that ended before its first checkpoint
    assert attempts.resume(["half", "parent"]) == (checkpoint(900), [])


def test_a_pack_without_a_checkpoint_begins_at_the_start(attempts: Attempts) -> None:
    attempts.begin("pack")
    assert attempts.resume(["pack", "never seen"]) == (None, [])


def test_a_discarded_study_leaves_nothing_and_its_workers_cannot_write_any_more(attempts: Attempts) -> None:
    _, place = attempts.begin("pack")
    discard(attempts.directory)
    assert not attempts.directory.exists()
    with pytest.raises(FileNotFoundError):
        place.save(checkpoint(1))
    assert not attempts.directory.exists()


def test_what_an_attempt_keeps_is_its_users_alone(attempts: Attempts) -> None:
    before = os.umask(0)
    try:
        _, place = attempts.begin("pack")
        place.save(checkpoint(1))
    finally:
        os.umask(before)
    kept = [attempts.directory, *attempts.directory.rglob("*")]
    assert len(kept) == 4
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


# -- checkpoints that are not taken -----------------------------------------------------------------------------------


class Runs:
    """A pickle of it makes a file when it is read."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


def pickled(of: str) -> bytes:
    return pickle.dumps(Runs(Path(of)))


def format_4(body: bytes) -> bytes:
    return b"grokscale pack 4\n" + hashlib.sha256(body).digest() + body


def format_6(body: bytes, key: bytes) -> bytes:
    return b"grokscale pack 6\n" + hmac.digest(key, b"grokscale pack 6\n" + body, "sha256") + body


def pack_key(key: bytes = KEY) -> bytes:
    return hmac.digest(key, b"pack", "sha256")


FORGED: dict[str, Callable[[bytes, str], bytes]] = {
    "emptied": lambda good, marker: b"",
    "cut": lambda good, marker: good[:-10],
    "a bit flipped at its end": lambda good, marker: good[:-1] + bytes([good[-1] ^ 1]),
    "a bit flipped in its middle": lambda good, marker: good[:70] + bytes([good[70] ^ 4]) + good[71:],
    "longer": lambda good, marker: good + b"\0",
    "a pickle": lambda good, marker: pickled(marker),
    "a pickle of format 4": lambda good, marker: format_4(pickled(marker)),
    "a pickle of format 6 without the key": lambda good, marker: format_6(pickled(marker), b""),
    "a pickle under the key": lambda good, marker: format_6(pickled(marker), pack_key()),
    "made without a key": lambda good, marker: format_6(good[49:], b""),
    "made with another study's key": lambda good, marker: format_6(good[49:], pack_key(bytes(32))),
    "made with the study's key, for no pack": lambda good, marker: format_6(good[49:], KEY),
    "of a later format": lambda good, marker: good.replace(b"pack 6", b"pack 7"),
}


def test_the_files_are_made_as_those_that_are_taken(attempts: Attempts) -> None:
    """What the forgeries below are made with makes good ones too."""
    _, place = attempts.begin("pack")
    place.save(checkpoint(7))
    good = (place.directory / NAME).read_bytes()
    assert format_6(good[49:], pack_key()) == good


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("how", FORGED)
def test_a_forged_checkpoint_is_told_of_and_the_older_one_taken(how: str, own: bool, tmp_path: Path) -> None:
    attempts, marker = Attempts(tmp_path / "study", KEY, own), tmp_path / "ran"
    attempts.begin("pack")[1].save(checkpoint(500))
    _, place = attempts.begin("pack")
    place.save(checkpoint(900))
    path = place.directory / NAME
    path.write_bytes(FORGED[how](path.read_bytes(), str(marker)))
    taken, refused = attempts.resume(["pack"])
    assert taken == checkpoint(500)
    assert len(refused) == 1
    assert str(path) in refused[0]
    assert not marker.exists(), "what was read ran"


def test_the_forgery_would_run_where_pickles_are_read(tmp_path: Path) -> None:
    pickle.loads(pickled(str(tmp_path / "ran")))
    assert (tmp_path / "ran").exists()


def test_a_pack_whose_only_checkpoint_is_of_format_4_begins_anew_and_says_so(attempts: Attempts) -> None:
    _, place = attempts.begin("pack")
    (place.directory / NAME).write_bytes(format_4(b"whatever"))
    taken, (reason,) = attempts.resume(["pack"])
    assert taken is None
    assert "of format 4, and this program's is 6" in reason


def test_a_good_checkpoint_in_another_packs_place_is_none_of_its(attempts: Attempts) -> None:
    attempts.begin("other")[1].save(checkpoint(900))
    _, place = attempts.begin("pack")
    (attempts.directory / "other" / "1" / NAME).rename(place.directory / NAME)
    taken, (reason,) = attempts.resume(["pack"])
    assert taken is None
    assert "not written for this pack" in reason


def write_open(path: Path) -> None:
    path.chmod(0o602)


def group_open(path: Path) -> None:
    path.chmod(0o660)


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def given_away(path: Path) -> None:
    os.chown(path, 65534, 65534)


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
ANYWHERE = [linked, piped, folder]


@pytest.mark.parametrize("how", [write_open, group_open, pytest.param(given_away, marks=AS_ROOT), *ANYWHERE])
def test_under_the_users_own_directory_a_file_of_anybody_elses_is_not_taken(
    how: Callable[[Path], None], attempts: Attempts
) -> None:
    attempts.begin("pack")[1].save(checkpoint(500))
    _, place = attempts.begin("pack")
    place.save(checkpoint(900))
    how(place.directory / NAME)
    taken, refused = attempts.resume(["pack"])
    assert taken == checkpoint(500)
    assert len(refused) == 1


@pytest.mark.parametrize("how", [write_open, group_open, pytest.param(given_away, marks=AS_ROOT)])
def test_on_a_path_that_nodes_share_the_key_decides_whoever_the_owner_is(
    how: Callable[[Path], None], tmp_path: Path
) -> None:
    attempts = Attempts(tmp_path / "study", KEY, own=False)
    _, place = attempts.begin("pack")
    place.save(checkpoint(900))
    how(place.directory / NAME)
    assert attempts.resume(["pack"]) == (checkpoint(900), [])


@pytest.mark.parametrize("how", ANYWHERE)
def test_on_a_path_that_nodes_share_nothing_is_followed_or_waited_for(
    how: Callable[[Path], None], tmp_path: Path
) -> None:
    attempts = Attempts(tmp_path / "study", KEY, own=False)
    _, place = attempts.begin("pack")
    place.save(checkpoint(900))
    how(place.directory / NAME)
    taken, refused = attempts.resume(["pack"])
    assert taken is None
    assert len(refused) == 1


def test_a_link_that_was_put_where_a_checkpoint_is_written_harms_nothing(tmp_path: Path) -> None:
    attempts, precious = Attempts(tmp_path / "study", KEY, own=False), tmp_path / "precious"
    precious.write_text("kept")
    _, place = attempts.begin("pack")
    for name in (NAME, f"{NAME}.writing"):
        (place.directory / name).symlink_to(precious)
    place.save(checkpoint(3))
    assert precious.read_text() == "kept"
    assert step(attempts.resume(["pack"])) == 3


def test_a_trace_is_read_from_no_other_file(tmp_path: Path) -> None:
    attempts, secret = Attempts(tmp_path / "study", KEY, own=False), tmp_path / "secret"
    secret.write_text("a token")
    _, place = attempts.begin("pack")
    (place.directory / TRACE).write_text("File ...")
    assert attempts.trace("pack", 1) == "File ..."
    (place.directory / TRACE).unlink()
    (place.directory / TRACE).symlink_to(secret)
    assert attempts.trace("pack", 1) is None
    assert attempts.trace("pack", 2) is None


def test_a_place_without_a_key_still_notices_a_torn_file(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.save(checkpoint(5))
    assert place.read() == checkpoint(5)
    kept = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(kept[:-1])
    with pytest.raises(Unusable, match="damaged"):
        place.read()


def test_no_key_is_shown(attempts: Attempts) -> None:
    _, place = attempts.begin("pack")
    for shown in (repr(attempts), repr(place)):
        assert "key=" not in shown
        assert repr(KEY) not in shown


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o770, 0o777])
def test_what_is_made_in_a_shared_place_is_as_open_as_that_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    before = os.umask(0o077)
    try:
        _, place = Attempts(tmp_path / "study", KEY, own=False).begin("pack")
        place.save(checkpoint(1))
    finally:
        os.umask(before)
    directories = [tmp_path / "study", tmp_path / "study" / "pack", place.directory]
    assert {stat.S_IMODE(path.stat().st_mode) for path in directories} == {mode}
    assert stat.S_IMODE((place.directory / NAME).stat().st_mode) == 0o600 | mode & 0o044


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_workers_of_several_users_share_a_place_that_all_may_write_to() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o1777)
        attempts = Attempts(Path(place) / "study", KEY, own=False)
        for number, user in enumerate((1234, 65534), 1):
            with as_user(user):
                assert step(attempts.resume(["pack"])) == (number - 1 or None)
                _, mine = attempts.begin("pack")
                mine.save(checkpoint(number))
        discard(attempts.directory)
        assert not attempts.directory.exists()


@contextmanager
def as_user(user: int) -> Iterator[None]:
    """Be another user, whose files nobody else can read by default."""
    before = os.umask(0o077)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.umask(before)
