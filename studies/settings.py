"""Every setting of the product, typed: environment prefix `GROKSCALE_`, or flags of `serve` and `runner`.

Secrets (`DATABASE_URL`, `API_KEYS`) come from the environment or from a file named by `<NAME>_FILE`, never from a flag:
a command line is readable by every user of the machine.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "GROKSCALE_"
SECRETS = ("DATABASE_URL", "API_KEYS")


class Settings(BaseSettings):
    """Settings of service, runner and driver. Unknown `GROKSCALE_` variables are left alone."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="address the service binds to; without keys only loopback is accepted")
    port: int = Field(8000, ge=0, le=65535, description="port of the service; 0 takes a free one")
    data_dir: Path = Field(Path(".grokscale"), description="database, checkpoints and logs of the embedded default")
    database_url: SecretStr | None = Field(None, description="SQLAlchemy URL; none: SQLite under DATA_DIR")
    api_keys: SecretStr | None = Field(None, description="comma-separated bearer keys with admin scope; none: loopback")
    checkpoint_dir: Path | None = Field(None, description="a path all nodes share; none: under DATA_DIR")
    ray_address: str | None = Field(None, description="a running cluster; none: the runner starts its own")
    trust_cluster: bool = Field(False, description="use a cluster without token authentication")
    cpus: int | None = Field(None, ge=1, description="CPUs of the runner's own Ray cluster; none: all")
    lease_seconds: float = Field(30.0, gt=0, description="a lease not renewed for so long may be taken over")
    silence_seconds: float = Field(300.0, gt=0, description="a pack that reports nothing for so long is ended")
    pack_attempts: int = Field(3, ge=1, description="attempts of a pack before it is halved (or its one trial fails)")
    max_studies: int = Field(4, ge=1, description="studies that one runner drives side by side")
    max_trials: int = Field(100_000, ge=1, description="largest study")
    max_n: int = Field(5_000, ge=1, description="largest ambient dimension")
    max_steps: int = Field(10**12, ge=1, description="largest budget of a trial, in steps")
    max_body_bytes: int = Field(1 << 20, ge=1, description="largest request body")
    test_tasks: bool = Field(False, description="allow the fault switches of the synthetic task")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="of what is logged, the least")

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, object]) -> dict[str, object]:
        for name in SECRETS:
            path = os.environ.get(f"{PREFIX}{name}_FILE")
            if path and values.get(name.lower()) is None:
                values[name.lower()] = Path(path).read_text().strip()
        return values

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

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
        raw = self.api_keys.get_secret_value() if self.api_keys else ""
        return tuple(key.strip() for key in raw.split(",") if key.strip())
