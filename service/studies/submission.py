"""Submits a study: the one way for every route that creates one."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import Any

from grokscale.service.idempotency import Attempt
from grokscale.service.studies.models import IdempotencyKeyReused, SubmissionUnderWay, TooMuchQueued
from grokscale.service.studies.waiting import alive
from grokscale.studies.imports.trials import Imported
from grokscale.studies.plan import Plan, Resources
from grokscale.studies.settings import Settings
from grokscale.studies.spec import StudySpec
from grokscale.studies.store import (
    AlreadySubmitted,
    Idempotency,
    IdempotencyRecord,
    Progress,
    Quota,
    Store,
    StudyRecord,
    TooMuchWaits,
)
from grokscale.studies.tasks import versions_of
from grokscale.trainers.tasks.description import IMPORTED

LIBRARIES = ("grokscale", "torch", "ray", "numpy", "scipy", "numba")


def resources(store: Store, settings: Settings) -> Resources:
    """Return the resources that packs are planned for: the largest cluster of any runner now; one CPU if there is
    none.

    The runner that takes the study cuts the packs anew if its cluster differs.
    """
    known = [runner.news for runner in alive(store.runners(), settings)]
    clusters = [Resources(news.cpus, news.gpus or 0) for news in known if news.cpus]
    return max(clusters, key=lambda cluster: cluster.cpus, default=Resources(1))


class Submission:
    """One request to create a study, which may repeat an earlier one.

    Args:
        attempt: the sender, the route and the key.
        body_hash: hash of all that the answer depends on.
    """

    def __init__(self, store: Store, attempt: Attempt, body_hash: str) -> None:
        self.store = store
        self.caller = attempt.caller
        self.row = attempt.row(body_hash)

    def answered(self) -> StudyRecord | None:
        """Return the first answer if this request is a repetition.

        Raises:
            IdempotencyKeyReused: the key belongs to another body.
            SubmissionUnderWay: the study is being created.
        """
        if self.row is None:
            return None
        record = self.store.recall(self.row.caller, self.row.route, self.row.key)
        return None if record is None else self._again(self.row, record)

    def make(self, spec: StudySpec, planned: Plan, settings: Settings) -> StudyRecord:
        """Write the study; return the first answer if the same request has only just been answered elsewhere.

        Raises:
            IdempotencyKeyReused, SubmissionUnderWay: as above.
            TooMuchQueued: the caller has as much waiting as it is allowed.
        """
        assert settings.max_queued_trials is not None
        quota = Quota(self.caller, settings.max_queued_studies, settings.max_queued_trials)
        try:
            return self._once(
                self.store.add_study,
                spec,
                planned,
                versions=versions() | versions_of(spec.task.kind),
                quota=quota,
                lease_seconds=settings.lease_seconds,
            )
        except TooMuchWaits as refused:
            raise _too_much(refused) from None

    def keep(self, runs: Imported, settings: Settings) -> StudyRecord:
        """Write the study of imported runs, or return the first answer where a repetition came first.

        Raises:
            IdempotencyKeyReused, SubmissionUnderWay: as above.
        """
        seconds = settings.lease_seconds
        return self._once(self.store.import_study, runs, versions=versions(), lease_seconds=seconds)

    def _once(self, write: Callable[..., StudyRecord], *what: Any, **options: Any) -> StudyRecord:
        try:
            return write(*what, idempotency=self.row, **options)
        except AlreadySubmitted as taken:
            assert self.row is not None
            return self._again(self.row, taken.record)

    def _again(self, row: Idempotency, record: IdempotencyRecord) -> StudyRecord:
        if record.body_hash != row.body_hash:
            raise IdempotencyKeyReused(f"Idempotency-Key {row.key!r} was used for another body; take a new key")
        if not record.made:
            detail = "the study is being made, at the request that came with this Idempotency-Key first; ask again"
            raise SubmissionUnderWay(detail, headers={"Retry-After": "5"})
        study = self.store.study(record.study_id)
        if study.spec["task"]["kind"] == IMPORTED:
            return study  # complete from the first
        # the first answer again, not what has become of the study since
        untouched = Progress(study.progress.total, 0, {}, 0.0, None)
        return replace(study, state="queued", reason=None, progress=untouched, started=None, ended=None)


def _too_much(refused: TooMuchWaits) -> TooMuchQueued:
    limit = f"GROKSCALE_MAX_QUEUED_{refused.what.upper()}"
    detail = (
        f"{refused.waiting} {refused.what} of this key are queued, paused or being made, and this study has "
        f"{refused.more} more: above the server's limit {limit} of {refused.most}; cancel some, or wait until they run"
        if refused.what == "trials"
        else f"{refused.waiting} studies of this key are queued, paused or being made: the server's limit {limit} is "
        f"{refused.most}; cancel some, or wait until they run"
    )
    return TooMuchQueued(detail, headers={"Retry-After": "5"}, limit=limit, most=refused.most, waiting=refused.waiting)


@cache
def versions() -> dict[str, Any]:
    """Return the versions that a study is run with, to be recorded."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
