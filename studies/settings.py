"""Every setting of the product, typed: environment prefix `GROKSCALE_`, or flags of `serve` and `runner`.

Secrets (`DATABASE_URL`, `API_KEYS`) come from the environment or from a file named by `<NAME>_FILE`, never from a flag:
a command line is readable by every user of the machine. A variable that is empty counts as not set, but for keys: a
server that was meant to have some must not open itself to everybody because none came through.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from grokscale.trainers.plugins.sources import configured

PREFIX = "GROKSCALE_"
SECRETS = ("DATABASE_URL", "API_KEYS")
SHORTEST_KEY = 20
"""Characters: 119 bits of random letters and digits, which no one tries out."""
_OF_CLIENTS = ("URL", "API_KEY")


class Settings(BaseSettings):
    """Settings of service, runner and driver. Unknown `GROKSCALE_` variables are told of by `unread`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    host: str = Field("127.0.0.1", description="address the service binds to; without keys only loopback is accepted")
    port: int = Field(8000, ge=0, le=65535, description="port of the service; 0 takes a free one")
    data_dir: Path = Field(Path(".grokscale"), description="database, checkpoints and logs of the embedded default")
    database_url: SecretStr | None = Field(None, description="SQLAlchemy URL; none: SQLite under DATA_DIR")
    api_keys: SecretStr | None = Field(None, description="comma-separated bearer keys with admin scope; none: loopback")
    checkpoint_dir: Path | None = Field(None, description="a path all nodes share; none: under DATA_DIR")
    ray_address: str | None = Field(None, description="a running cluster; none: the runner starts its own")
    trust_cluster: bool = Field(False, description="use a cluster without token authentication")
    cpus: int | None = Field(None, ge=1, description="CPUs of the runner's own Ray cluster; none: all")
    lease_seconds: float = Field(
        30.0, gt=0, allow_inf_nan=False, description="a lease not renewed for so long may be taken over"
    )
    silence_seconds: float = Field(
        300.0, gt=0, allow_inf_nan=False, description="a pack that reports nothing for so long is ended"
    )
    pack_attempts: int = Field(3, ge=1, description="attempts of a pack before it is halved (or its one trial fails)")
    max_studies: int = Field(4, ge=1, description="studies that one runner drives side by side")
    max_trials: int = Field(100_000, ge=1, description="largest study")
    max_queued_studies: int = Field(1_000, ge=1, description="studies of one key that may wait, queued or paused")
    max_queued_trials: int | None = Field(
        None, ge=1, description="trials of all these together; none: ten of the largest studies"
    )
    max_n: int = Field(5_000, ge=1, description="largest ambient dimension")
    max_steps: int = Field(10**12, ge=1, description="largest budget of a trial, in steps")
    max_body_bytes: int = Field(1 << 20, ge=1, description="largest request body")
    max_import_bytes: int = Field(64 << 20, ge=1, description="largest table of runs that is imported")
    fit_seconds: float = Field(120.0, gt=0, allow_inf_nan=False, description="a fit that takes longer is ended")
    max_connections: int = Field(1_000, ge=10, description="connections at once; half of them may follow events")
    tasks: str | None = Field(
        None, description="comma-separated modules and .py files that describe tasks, beside the entry points there are"
    )
    tasks_allow: str | None = Field(
        None, description="comma-separated kinds and modules of tasks from outside that are offered; none: all"
    )
    test_tasks: bool = Field(False, description="allow the fault switches of the synthetic task")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="of what is logged, the least")

    @model_validator(mode="before")
    @classmethod
    def _given(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Read secrets from their files, and leave out what is empty."""
        values = {name: value for name, value in values.items() if value is not None}
        for name in SECRETS:
            path = _variable(f"{name}_FILE")
            if path is not None and name.lower() not in values:
                values[name.lower()] = _contents(f"{PREFIX}{name}_FILE", path)
        return {name: value for name, value in values.items() if name == "api_keys" or not _empty(value)}

    @field_validator("api_keys")
    @classmethod
    def _of_some_use(cls, value: SecretStr | None) -> SecretStr | None:
        keys = () if value is None else _keys(value)
        if value is not None and not keys:
            raise PydanticCustomError(
                "no_key", "set, but without a key in it; accepted: comma-separated keys, or leave the variable unset"
            )
        for number, key in enumerate(keys, 1):
            if len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
                raise PydanticCustomError(
                    "bad_key",
                    "key {number} of {total} is refused; accepted: at least {least} printable ASCII characters, such "
                    "as `openssl rand -hex 32` gives",
                    {"number": number, "total": len(keys), "least": SHORTEST_KEY},
                )
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("tasks")
    @classmethod
    def _of_modules(cls, value: str | None) -> str | None:
        configured(value or "")  # a ValueError names the member
        return value

    @model_validator(mode="after")
    def _room_for_the_largest(self) -> Self:
        most = 10 * self.max_trials if self.max_queued_trials is None else self.max_queued_trials
        if most < self.max_trials:
            raise ValueError(f"max_queued_trials is {most}; accepted: at least max_trials, which is {self.max_trials}")
        object.__setattr__(self, "max_queued_trials", most)
        return self

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        # Ray workers have a working directory of their own
        object.__setattr__(self, "data_dir", self.data_dir.expanduser().resolve())
        checkpoints = self.checkpoint_dir or self.data_dir / "checkpoints"
        object.__setattr__(self, "checkpoint_dir", checkpoints.expanduser().resolve())
        return self

    @property
    def own_checkpoints(self) -> bool:
        """Whether checkpoints lie under DATA_DIR, where all is this user's; a path that nodes share may map owners."""
        assert self.checkpoint_dir is not None
        return self.checkpoint_dir.is_relative_to(self.data_dir)

    @property
    def allowed_tasks(self) -> tuple[str, ...]:
        """The kinds and modules of tasks from outside that are offered; empty: all."""
        return tuple(one.strip() for one in (self.tasks_allow or "").split(",") if one.strip())

    @property
    def embedded(self) -> bool:
        """Whether the store is the SQLite file under DATA_DIR."""
        return self.database_url is None

    @property
    def url(self) -> str:
        """The SQLAlchemy URL in force."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'grokscale.db'}"

    @property
    def keys(self) -> tuple[str, ...]:
        """The bootstrap bearer keys; empty: no key is asked for."""
        return () if self.api_keys is None else _keys(self.api_keys)


def ours(name: str) -> bool:
    """Whether an environment variable is one of this product: settings are read whatever the case of their letters."""
    return name.upper().startswith(PREFIX)


def unread(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for every variable of this product's prefix that a server does not read."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields] + [f"{PREFIX}{name}_FILE" for name in SECRETS]
    # with keys of its own, a server's GROKSCALE_API_KEY is that of clients in the same shell; without, a slip
    clients = {f"{PREFIX}{name}" for name in (_OF_CLIENTS if settings.keys else _OF_CLIENTS[:1])}
    strangers = sorted(name for name in environment if ours(name) and name.upper() not in {*known, *clients})
    return [f"{name} is not a setting of the server and is not read{_meant(name, known)}" for name in strangers]


def _meant(name: str, known: list[str]) -> str:
    near = get_close_matches(name.upper().removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], 1, 0.75)
    return f"; is {PREFIX}{near[0]} meant?" if near else ""


def _variable(name: str) -> str | None:
    return next((value for variable, value in os.environ.items() if variable.upper() == f"{PREFIX}{name}"), None)


def _contents(variable: str, path: str) -> str:
    """Return the secret in a file.

    Raises:
        PydanticCustomError: there is none.
    """
    if not path.strip():
        return ""
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or "not readable as UTF-8"
        raise PydanticCustomError("file", "{v} names {p}: {said}", {"v": variable, "p": path, "said": said}) from None
    if not text:
        raise PydanticCustomError("file", "{v} names {p}, which is empty", {"v": variable, "p": path})
    return text


def _empty(value: object) -> bool:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return isinstance(text, str) and not text.strip()


def _keys(raw: SecretStr) -> tuple[str, ...]:
    return tuple(key.strip() for key in raw.get_secret_value().split(",") if key.strip())
