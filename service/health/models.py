"""Health as the interface shows it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class DatabaseHealth(BaseModel):
    """The database and its schema."""

    reachable: bool
    revision: str | None = Field(description="schema revision of the database; null without tables")
    needed: str | None = Field(description="schema revision of this program; null while the database is unreachable")


class RunnerHealth(BaseModel):
    """Whether someone takes queued studies."""

    state: Literal["starting", "alive", "silent", "none"] = Field(
        description="`starting`: none has been heard of yet; `silent`: no heartbeat of any for a lease period"
    )
    alive: int = Field(description="runners heard of within a lease period")
    heartbeat_age_seconds: float | None = Field(description="since the latest heartbeat of any")
    trouble: str | None = Field(description="why none of them takes a study; null where one does")


class TaskTrouble(BaseModel):
    """A module that is configured for its tasks, and why they are not offered. It keeps nothing else from working."""

    source: str = Field(description="the module or file")
    reason: str


class Readiness(BaseModel):
    """Whether requests can be served."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "ready",
                    "reason": None,
                    "age_seconds": 3.2,
                    "database": {"reachable": True, "revision": "0001", "needed": "0001"},
                    "runner": {"state": "alive", "alive": 1, "heartbeat_age_seconds": 1.2, "trouble": None},
                    "tasks": [{"source": "acme.tasks", "reason": "no module named 'acme'"}],
                }
            ]
        }
    )

    status: Literal["ready", "unready"]
    reason: str | None = Field(description="why it is not ready")
    age_seconds: float | None = Field(description="since this was found out; null: it has not been yet")
    database: DatabaseHealth
    runner: RunnerHealth
    tasks: list[TaskTrouble] = Field(default=[], description="tasks from outside that are not offered")
