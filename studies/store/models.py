"""The tables. Names begin with `gs_`, so that Optuna's (`studies`, `trials`, ...) can share the database.

Rows are written and read as Core statements over these classes; nothing keeps a session.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from grokscale.studies.lifecycle import HIDDEN
from grokscale.studies.store.types import Finite, Json, UtcDateTime, Words


class Base(DeclarativeBase):
    """Base of all tables, with names for constraints that migrations can refer to."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (declared so by SQLAlchemy)
        int: BigInteger,
        float: Finite,
        datetime: UtcDateTime,
        str: Words,
        dict[str, Any]: Json,
        list[str]: Json,
        list[int]: Json,
    }


def _study_id(**options: Any) -> Mapped[str]:
    return mapped_column(Words, ForeignKey("gs_study.id", ondelete="CASCADE"), **options)


class Description(Base):
    """The description that a task had when a study of it was made, stored once by its hash
    (`trainers.tasks.documents`).
    """

    __tablename__ = "gs_description"

    hash: Mapped[str] = mapped_column(Words, primary_key=True)
    kind: Mapped[str]
    version: Mapped[int]
    document: Mapped[dict[str, Any]]


class Study(Base):
    """A study: its specification, its state, its lease and its counters.

    `description` is the hash of the stored description of its task. It is never null, which SQLite cannot declare of
    a column that is added later. `by_outcome` counts the trials by outcome; every write of an outcome locks this row
    and adjusts it. `caller` is who submitted the study, as in `IdempotencyKey`. A study that is being created has a
    lease too, which belongs to the process that creates it.
    """

    __tablename__ = "gs_study"

    id: Mapped[str] = mapped_column(Words, primary_key=True)
    name: Mapped[str]
    state: Mapped[str]
    caller: Mapped[str | None]
    reason: Mapped[str | None]
    tags: Mapped[list[str]]
    priority: Mapped[int]
    task: Mapped[str]
    description: Mapped[str | None]
    spec: Mapped[dict[str, Any]]
    spec_hash: Mapped[str]
    versions: Mapped[dict[str, Any]]
    created: Mapped[datetime]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    total: Mapped[int]
    by_outcome: Mapped[dict[str, Any]]
    losses: Mapped[int] = mapped_column(server_default="0")
    event_seq: Mapped[int]
    progress_seq: Mapped[int | None]
    token: Mapped[int]
    runner_id: Mapped[str | None]
    lease_seconds: Mapped[float | None]
    renewals: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (Index(None, "state", "priority"),)


VISIBLE = Study.state.not_in(HIDDEN)
"""The condition in every statement that shows a study to somebody, or works for it."""


class Pack(Base):
    """A pack: its members in column order, how many of them have no outcome yet, and the progress of its training."""

    __tablename__ = "gs_pack"

    id: Mapped[str] = mapped_column(Words, primary_key=True)
    study_id: Mapped[str] = _study_id()
    number: Mapped[int]
    members: Mapped[list[int]]
    state: Mapped[str]
    parent: Mapped[str | None]
    attempt: Mapped[int]
    failures: Mapped[int]
    losses: Mapped[int] = mapped_column(server_default="0")
    unended: Mapped[int]
    step: Mapped[int]
    steps_per_second: Mapped[float | None]
    seconds_left: Mapped[float | None]
    seconds_per_trial: Mapped[float | None]
    preparing: Mapped[float | None]
    host: Mapped[str | None]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    error: Mapped[dict[str, Any] | None]
    prune_after: Mapped[int | None]
    cut_for: Mapped[int | None]

    __table_args__ = (UniqueConstraint("study_id", "number"),)


class Configuration(Base):
    """The flat fields of one configuration, whose trials differ only in the seed."""

    __tablename__ = "gs_configuration"

    study_id: Mapped[str] = _study_id(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    config: Mapped[dict[str, Any]]


class Trial(Base):
    """A trial and its summary. Column names are the flat names of `Store.table`.

    `data_id` and `stream_id` are written with the trial (`trainers.trial.Identity`) and are never null. The tables
    do not say so, because SQLite cannot add a column that must not be null.
    """

    __tablename__ = "gs_trial"

    id: Mapped[str] = mapped_column(Words, primary_key=True)
    study_id: Mapped[str] = _study_id()
    index: Mapped[int]
    configuration: Mapped[int]
    seed: Mapped[int]
    data_id: Mapped[str | None]
    stream_id: Mapped[str | None]
    pack: Mapped[int]
    outcome: Mapped[str | None]
    obtained: Mapped[str | None]
    looks: Mapped[str | None]
    steps: Mapped[int | None]
    t1_step: Mapped[int | None]
    t1_lower: Mapped[int | None]
    t1_upper: Mapped[int | None]
    t1_censoring: Mapped[str | None]
    t1_stayed: Mapped[int | None]
    t1_gradient_step: Mapped[int | None]
    t1_gradient_lower: Mapped[int | None]
    t1_gradient_upper: Mapped[int | None]
    t1_gradient_censoring: Mapped[str | None]
    t1_gradient_stayed: Mapped[int | None]
    t2_step: Mapped[int | None]
    t2_lower: Mapped[int | None]
    t2_upper: Mapped[int | None]
    t2_censoring: Mapped[str | None]
    t2_stayed: Mapped[int | None]
    t2_plateau_step: Mapped[int | None]
    t2_plateau_lower: Mapped[int | None]
    t2_plateau_upper: Mapped[int | None]
    t2_plateau_censoring: Mapped[str | None]
    t2_plateau_stayed: Mapped[int | None]
    delay_step: Mapped[int | None]
    delay_lower: Mapped[int | None]
    delay_upper: Mapped[int | None]
    delay_censoring: Mapped[str | None]
    delay_reason: Mapped[str | None]
    error_t1: Mapped[float | None]
    error_t1_step: Mapped[int | None]
    error_t2: Mapped[float | None]
    error_t2_step: Mapped[int | None]
    error_stop: Mapped[float | None]
    error_stop_step: Mapped[int | None]
    error_min: Mapped[float | None]
    error_min_step: Mapped[int | None]
    error_settled: Mapped[float | None]
    error_settled_step: Mapped[int | None]
    error_plateau: Mapped[float | None]
    error_plateau_step: Mapped[int | None]
    error_reasons: Mapped[dict[str, Any] | None]
    measures: Mapped[dict[str, Any] | None]
    attempt: Mapped[int | None]
    host: Mapped[str | None]
    seconds: Mapped[float | None]
    theory: Mapped[dict[str, Any] | None]
    theory_reasons: Mapped[dict[str, Any] | None]
    ladder: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    points: Mapped[int | None]
    curve_columns: Mapped[list[str] | None]

    # each sort of the trial list reads its order from an index and fetches only the page's rows
    __table_args__ = (
        UniqueConstraint("study_id", "index"),
        Index(None, "study_id", "configuration", "index"),
        Index(None, "study_id", "outcome", "index"),
        Index(None, "study_id", "seed", "index"),
        Index(None, "study_id", "steps", "index"),
        Index(None, "study_id", "t1_upper", "index"),
        Index(None, "study_id", "t2_upper", "index"),
        Index(None, "study_id", "pack", "index"),
    )


CONFIGURATION = (
    Configuration,
    (Configuration.study_id == Trial.study_id) & (Configuration.number == Trial.configuration),
)
"""The join that gives a statement over trials their `config`."""


class CurvePoint(Base):
    """One point of one trial's curve.

    `values` are float64 in the order of the trial's `curve_columns`. Points are by far the most rows; as text they
    would be three times as large and as slow. Bit i of `missing` says that value i is missing, and stored as 0.
    """

    __tablename__ = "gs_curve_point"

    trial_id: Mapped[str] = mapped_column(ForeignKey("gs_trial.id", ondelete="CASCADE"), primary_key=True)
    k: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step: Mapped[int]
    values: Mapped[bytes]
    missing: Mapped[int]
    coordinates: Mapped[bytes | None]

    # a second b-tree over (trial, k) would double the largest table
    __table_args__ = ({"sqlite_with_rowid": False},)


class Event(Base):
    """One event; numbers are taken from the study's `event_seq` in the writing transaction."""

    __tablename__ = "gs_event"

    study_id: Mapped[str] = _study_id(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[datetime]
    type: Mapped[str]
    data: Mapped[dict[str, Any]]


class Secret(Base):
    """Random bytes that only this database has; see `studies.store.secrets`."""

    __tablename__ = "gs_secret"

    name: Mapped[str] = mapped_column(Words, primary_key=True)
    value: Mapped[bytes]


class IdempotencyKey(Base):
    """What an idempotency key was used for. It is written in the transaction that writes the study, or the fit of
    that study.

    `caller` is a keyed hash, so that a copy of the database does not reveal the server's keys.
    """

    __tablename__ = "gs_idempotency"

    caller: Mapped[str] = mapped_column(Words, primary_key=True)
    route: Mapped[str] = mapped_column(Words, primary_key=True)
    key: Mapped[str] = mapped_column(Words, primary_key=True)
    body_hash: Mapped[str]
    study_id: Mapped[str] = _study_id(index=True)
    fit_id: Mapped[str | None]
    status: Mapped[int]
    created: Mapped[datetime]


class Runner(Base):
    """A runner and its last heartbeat."""

    __tablename__ = "gs_runner"

    id: Mapped[str] = mapped_column(Words, primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    embedded: Mapped[bool]
    started: Mapped[datetime]
    seen: Mapped[datetime]
    cpus: Mapped[float | None]
    gpus: Mapped[float | None]
    trouble: Mapped[str | None]


class Probe(Base):
    """One row that is written again and again: only a write shows whether the database accepts writes."""

    __tablename__ = "gs_probe"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    written: Mapped[datetime]


class Fit(Base):
    """A stored fit: the request, the rows that it was made of, and the result. `rows` is a Parquet file."""

    __tablename__ = "gs_fit"

    id: Mapped[str] = mapped_column(Words, primary_key=True)
    study_id: Mapped[str] = _study_id()
    created: Mapped[datetime]
    request: Mapped[dict[str, Any]]
    versions: Mapped[dict[str, Any]]
    rows_hash: Mapped[str]
    rows: Mapped[bytes]
    result: Mapped[dict[str, Any]]

    __table_args__ = (Index(None, "study_id", "id"),)
