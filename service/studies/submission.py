"""Submitting a study: the one way in, for every route that makes one."""

from __future__ import annotations

import platform
from dataclasses import replace
from functools import cache
from importlib.metadata import version

from service.idempotency import Attempt
from service.studies.errors import IdempotencyKeyReused
from service.studies.waiting import alive
from studies.plan import Plan, Resources
from studies.settings import Settings
from studies.spec import StudySpec
from studies.store import AlreadySubmitted, Idempotency, IdempotencyRecord, Progress, Store, StudyRecord

LIBRARIES = ("grokscale", "torch", "ray", "numpy", "scipy", "numba")


def resources(store: Store, settings: Settings) -> Resources:
    """Return what packs are planned for: the largest cluster that a runner has now; one CPU where there is none.

    They are cut anew by the runner that takes the study, where its cluster is another.
    """
    known = [runner.news for runner in alive(store.runners(), settings)]
    clusters = [Resources(news.cpus, news.gpus or 0) for news in known if news.cpus]
    return max(clusters, key=lambda cluster: cluster.cpus, default=Resources(1))


class Submission:
    """One request to make a study, which may be a repetition of an earlier one.

    Args:
        attempt: who asks, to which route, under which key.
        body_hash: of all that the answer depends on.
    """

    def __init__(self, store: Store, attempt: Attempt, body_hash: str) -> None:
        self.store = store
        self.row = attempt.row(body_hash)

    def answered(self) -> StudyRecord | None:
        """Return the first answer where this is a repetition.

        Raises:
            IdempotencyKeyReused: the key belongs to another body.
        """
        if self.row is None:
            return None
        record = self.store.recall(self.row.caller, self.row.route, self.row.key)
        return None if record is None else self._again(self.row, record)

    def make(self, spec: StudySpec, planned: Plan) -> StudyRecord:
        """Write the study, or return the first answer where a repetition came first this very instant.

        Raises:
            IdempotencyKeyReused: as above.
        """
        try:
            return self.store.add_study(spec, planned, versions=versions(), idempotency=self.row)
        except AlreadySubmitted as taken:
            assert self.row is not None
            return self._again(self.row, taken.record)

    def _again(self, row: Idempotency, record: IdempotencyRecord) -> StudyRecord:
        if record.body_hash != row.body_hash:
            raise IdempotencyKeyReused(f"Idempotency-Key {row.key!r} was used for another body; take a new key")
        study = self.store.study(record.study_id)
        # the first answer again, not what has become of the study since
        untouched = Progress(study.progress.total, 0, {}, 0.0, None)
        return replace(study, state="queued", reason=None, progress=untouched, started=None, ended=None)


@cache
def versions() -> dict[str, str]:
    """Return the versions that a study is run with, for its record."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
