"""Why queued studies wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from grokscale.studies.settings import Settings
from grokscale.studies.store import RunnerRecord, Store, StudyRecord


def alive(runners: Iterable[RunnerRecord], settings: Settings) -> list[RunnerRecord]:
    """Return the runners heard of within a lease period, the latest first."""
    return [runner for runner in runners if runner.heard_within(settings.lease_seconds)]


def explained(studies: Sequence[StudyRecord], store: Store, settings: Settings) -> list[StudyRecord]:
    """Return the studies; queued ones state the reason if no runner can take them."""
    if not any(study.state == "queued" for study in studies):
        return list(studies)
    reason = _waits_for(alive(store.runners(), settings))
    return [replace(study, reason=reason) if reason and study.state == "queued" else study for study in studies]


def _waits_for(runners: Sequence[RunnerRecord]) -> str | None:
    if not runners:
        return "no runner is alive: `grokscale serve` starts one, or `grokscale runner` beside it"
    troubles = [runner.news.trouble for runner in runners]
    return f"waits for its runner: {troubles[0]}" if all(troubles) else None
