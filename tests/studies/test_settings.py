"""Settings from the environment: what is empty, too short, or no setting at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from grokscale.studies.settings import PREFIX, Settings, unread

KEY = "k" * 20


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("empty", ["", " ", "\n"])
@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "api_keys"])
def test_an_empty_variable_is_as_if_it_were_not_set(monkeypatch: pytest.MonkeyPatch, name: str, empty: str) -> None:
    monkeypatch.setenv(f"{PREFIX}{name.upper()}", empty)
    assert Settings() == Settings.model_construct(**_defaults())


def _defaults() -> dict[str, object]:
    data = Path(".grokscale").resolve()
    given = {name: field.default for name, field in Settings.model_fields.items()}
    derived = {
        "checkpoint_dir": data / "checkpoints",
        "max_queued_trials": 10 * Settings.model_fields["max_trials"].default,
    }
    return given | derived | {"data_dir": data}


@pytest.mark.parametrize("keys", ["", " ", ",", " , ,"])
@pytest.mark.parametrize("name", ["GROKSCALE_API_KEYS", "grokscale_api_keys"])
def test_keys_without_a_key_in_them_open_no_server(monkeypatch: pytest.MonkeyPatch, name: str, keys: str) -> None:
    monkeypatch.setenv(name, keys)
    with pytest.raises(ValidationError, match="without a key"):
        Settings()


@pytest.mark.parametrize("content", ["", "\n", " , \n"])
def test_nor_does_a_file_of_keys_without_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys"
    path.write_text(content)
    monkeypatch.setenv("GROKSCALE_API_KEYS_FILE", str(path))
    with pytest.raises(ValidationError, match=r"empty|without a key"):
        Settings()


def test_nor_a_variable_for_that_file_that_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROKSCALE_API_KEYS_FILE", "")
    with pytest.raises(ValidationError, match="without a key"):
        Settings()


def test_empty_keys_are_not_mended_by_a_file_that_has_some(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(KEY)
    monkeypatch.setenv("GROKSCALE_API_KEYS", "")
    monkeypatch.setenv("GROKSCALE_API_KEYS_FILE", str(path))
    with pytest.raises(ValidationError, match="without a key"):
        Settings()


@pytest.mark.parametrize("name", ["API_KEYS", "DATABASE_URL"])
def test_a_secret_s_file_that_is_not_there_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}_FILE", str(tmp_path / "none"))
    with pytest.raises(ValidationError, match=f"{PREFIX}{name}_FILE names .*none: No such file"):
        Settings()


def test_an_empty_file_with_a_database_s_address_does_not_mean_another_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "url"
    path.write_text("\n")
    monkeypatch.setenv("GROKSCALE_DATABASE_URL_FILE", str(path))
    with pytest.raises(ValidationError, match="which is empty"):
        Settings()


@pytest.mark.parametrize("key", ["brief", "x" * 19, "ключ" * 10, "x" * 19 + " x", "x" * 19 + "\x00", "é" * 20])
def test_a_key_that_is_short_or_cannot_be_sent_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: str
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{KEY}, {key}", encoding="utf-8")
    monkeypatch.setenv("GROKSCALE_API_KEYS_FILE", str(path))
    with pytest.raises(ValidationError, match="key 2 of 2 is refused; accepted: at least 20") as refused:
        Settings()
    assert key not in str(refused.value)


def test_keys_may_have_spaces_and_lines_around_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROKSCALE_API_KEYS", f" {KEY} ,\n{KEY[::-1]}x,")
    assert Settings().keys == (KEY, f"{KEY[::-1]}x")


def test_no_keys_are_no_keys() -> None:
    assert Settings().keys == ()


@pytest.mark.parametrize("seconds", ["inf", "nan", "-1", "0"])
@pytest.mark.parametrize("name", ["LEASE_SECONDS", "SILENCE_SECONDS"])
def test_a_time_is_a_number_above_0(monkeypatch: pytest.MonkeyPatch, name: str, seconds: str) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", seconds)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GROKSCALE_API_KEY", "; is GROKSCALE_API_KEYS meant?"),
        ("GROKSCALE_APIKEYS", "; is GROKSCALE_API_KEYS meant?"),
        ("grokscale_data_dri", "; is GROKSCALE_DATA_DIR meant?"),
        ("GROKSCALE_COLOUR", ""),
    ],
)
def test_a_variable_that_no_setting_reads_is_named(name: str, meant: str) -> None:
    assert unread(Settings(), {name: "x"}) == [f"{name} is not a setting of the server and is not read{meant}"]


def test_what_is_read_is_not(tmp_path: Path) -> None:
    read = {f"{PREFIX}{name.upper()}": "x" for name in Settings.model_fields}
    files = {"GROKSCALE_API_KEYS_FILE": "x", "GROKSCALE_DATABASE_URL_FILE": "x", "GROKSCALE_URL": "x", "PATH": "x"}
    assert unread(Settings(), read | files) == []
    assert unread(Settings(api_keys=SecretStr(KEY)), {"GROKSCALE_API_KEY": KEY}) == []
