"""The runner: claims studies, keeps a driver for each, and the Ray cluster under them."""

from __future__ import annotations

import contextlib
import os
import platform
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from grokscale.studies import tasks
from grokscale.studies.bell import Stop
from grokscale.studies.lifecycle import ImpossibleTransition
from grokscale.studies.resources import Resources, total
from grokscale.studies.runner import environment
from grokscale.studies.runner.cluster import Cluster, OwnCluster, clear, is_ray_directory, ray_directory
from grokscale.studies.runner.compilers import Compilers
from grokscale.studies.runner.dealer import Dealer, Driven
from grokscale.studies.runner.drivers import DRIVER, Drivers
from grokscale.studies.runner.foreign import LOG, ForeignCluster
from grokscale.studies.runner.job import Job
from grokscale.studies.runner.keeper import Keeper
from grokscale.studies.runner.leases import Leases
from grokscale.studies.runner.lock import only_runner
from grokscale.studies.runner.persistence import LOST
from grokscale.studies.runner.streak import MOST
from grokscale.studies.settings import Settings
from grokscale.studies.store import DatabaseUnavailable, Lease, LeaseLost, NotFound, RunnerInfo, RunnerNews, Store
from grokscale.studies.worker import attempts
from grokscale.trainers.tasks import registry

log = structlog.stdlib.get_logger("grokscale.studies.runner")

LEAVE_SECONDS = 6.5
"""For drivers to end in order: more than they take at most; together with the end of Ray it is below ten seconds."""
LOOK_SECONDS = 0.1
CLAIM_SECONDS = 0.5
REST_SECONDS = 60.0
"""Before a study is tried again whose task a machine lacks: what is missing may have been installed there."""


@dataclass(frozen=True)
class _Rest:
    """Why a study is not claimed for a while, and the versions that it had then."""

    versions: Mapping[str, Any]
    since: float = field(default_factory=time.monotonic)

    @property
    def over(self) -> bool:
        return time.monotonic() - self.since >= REST_SECONDS


class Runner:
    """Runs studies until it is asked to end. There is one per data directory: a second one waits until the first has
    ended.

    Args:
        settings: database, directories, cluster, limits.
        store: migrated.
        embedded: started by `serve`, under the lock of its DATA_DIR.
        driver_command: the program that drives one study.
    """

    def __init__(
        self, settings: Settings, store: Store, *, embedded: bool = True, driver_command: Sequence[str] = DRIVER
    ) -> None:
        self._settings, self._store = settings, store
        tasks.configure(settings)
        self._info = RunnerInfo(str(uuid.uuid4()), platform.node(), os.getpid(), embedded)
        self._cluster = self._cluster_of(settings)
        self._keeper, self._dealer = Keeper(self._cluster), Dealer(self._cluster)
        self._drivers, self._compilers = Drivers(driver_command, self._cluster), Compilers()
        self._leases = Leases(store, self._info, settings.lease_seconds, self._news)
        self._driven: dict[str, Driven] = {}
        self._deaths: dict[str, int] = {}
        self._resting: dict[str, _Rest] = {}
        self._claim_at = 0.0

    def _cluster_of(self, settings: Settings) -> Cluster:
        if settings.ray_address is None:
            return OwnCluster(settings, ray_directory(self._info.id))
        return ForeignCluster(settings.ray_address, settings.data_dir / LOG, trusted=settings.trust_cluster)

    def _news(self) -> RunnerNews:
        has = total(self._cluster.most)
        return RunnerNews(has.cpus, has.gpus, self._trouble)

    @property
    def _trouble(self) -> str | None:
        """Why no study is taken: a study that was taken could not run."""
        return self._keeper.trouble or self._drivers.trouble or self._compilers.trouble

    def run(self, stop: Stop) -> None:
        """Claim studies and drive them until `stop` is set; return when all that was started has ended.

        Drivers and the cluster are children of the calling thread, which must therefore live as long as they should.

        Raises:
            DatabaseUnavailable: the database does not answer at the start; later it is waited for.
        """
        note = {"runner": self._info.id, "ray": str(ray_directory(self._info.id))}
        with only_runner(self._settings.data_dir, note, stop) as former:
            if former is None:
                return
            self._take_over(former)
            self._leases.start()
            try:
                self._work(stop)
            finally:
                self._end()

    def _take_over(self, former: dict[str, Any]) -> None:
        """Free the leases of the lock's former holder, which is dead, and remove what its Ray left behind."""
        freed = self._store.take_over(former["runner"]) if "runner" in former else []
        if self._settings.embedded:
            freed += self._store.take_over()
        if freed:
            log.info("took over", studies=freed)
        if is_ray_directory(former.get("ray", "")):
            clear(Path(former["ray"]))

    def _work(self, stop: Stop) -> None:
        if self._cluster.own:  # the nodes of another have workers that compile for themselves
            self._compilers.start(self._cluster.token)
            if names := environment.left_out():
                log.warning("not for the runner's own Ray cluster, and left out", variables=names)
        registry.described()  # read apart those from outside before a study waits for them
        away = False
        while not stop.wait(LOOK_SECONDS):
            try:
                self._mind_cluster()
                self._mind_drivers()
                self._claim()
                self._dealer.deal(list(self._driven.values()))
                self._leases.tell()
                away = False
            except DatabaseUnavailable as error:
                if not away:
                    log.warning("database away", error=str(error))
                away = True
                stop.wait(CLAIM_SECONDS)

    def _mind_cluster(self) -> None:
        """Start the cluster again when it is lost. Its studies are queued meanwhile and go on later from where they
        were.
        """
        if (reason := self._keeper.lost()) is not None:
            for driven in list(self._driven.values()):
                self._drivers.kill(driven.child)
                self._let_go(driven, waits_for=reason)
            # drivers that died with it, a moment before it was known
            self._deaths.clear()
            self._keeper.bury(reason)
        self._keeper.mind()

    # -- studies ----------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Take the next study, if there is room for one more."""
        full = len(self._driven) >= self._settings.max_studies
        if self._cluster.address is None or self._trouble or full or time.monotonic() < self._claim_at:
            return
        # none that has a driver here: after its own absence the runner would be the first to find its leases expired
        lease = self._store.claim(self._info.id, self._settings.lease_seconds, busy=[*self._driven, *self._at_rest()])
        if lease is None:
            self._claim_at = time.monotonic() + CLAIM_SECONDS
            return
        # what fails before the books are written leaves a lease that nobody renews, and the next claim takes it again
        study = self._store.study(lease.study_id)
        then = self._store.description(study.id)
        if study.state == "running" and (reason := tasks.differs(then.kind, then, study.versions)) is not None:
            self._store.transition(study.id, "wait", lease=lease, reason=reason)
            self._store.release(lease)
            self._resting[study.id] = _Rest(study.versions)
            log.warning("study waits for its task", study=study.id, reason=reason)
            return
        child = self._drivers.take()
        if child is None:
            self._store.release(lease)
            return
        wanted = study.spec["resources"]
        pack = Resources(wanted["cpus"], wanted["gpus"])
        self._driven[lease.study_id] = Driven(lease, child, study.progress.ended, pack)
        self._leases.hold(lease)
        child.tell(self._job(lease).to_json())
        log.info("driver started", study=lease.study_id, token=lease.token, pid=child.pid)

    def _at_rest(self) -> list[str]:
        """Return the studies for which a machine lacks something: they are tried again later, or when a user retries
        them.
        """
        for study_id, rest in list(self._resting.items()):
            try:
                if rest.over or self._store.study(study_id).versions != rest.versions:
                    del self._resting[study_id]
            except NotFound:
                del self._resting[study_id]
        return list(self._resting)

    def _job(self, lease: Lease) -> Job:
        return Job(
            url=self._settings.url,
            study_id=lease.study_id,
            runner_id=lease.runner_id,
            token=lease.token,
            ray_address=self._cluster.address or "",
            own_cluster=self._cluster.own,
            checkpoint_dir=str(self._settings.checkpoint_dir),
            own_checkpoints=self._settings.own_checkpoints,
            silence_seconds=self._settings.silence_seconds,
            pack_attempts=self._settings.pack_attempts,
            log_level=self._settings.log_level,
            tasks=[plugin.to_json() for plugin in registry.plugins().values()],
        )

    def _mind_drivers(self) -> None:
        self._compilers.mind()
        if self._driven and self._compilers.busy:
            self._drivers.put_off()  # a study that waits for them is to start first
        self._drivers.mind()
        for driven in list(self._driven.values()):
            lost = self._leases.lost(driven.lease)
            if lost:
                self._drivers.kill(driven.child)
            code = driven.child.code
            if code is not None:
                self._bury(driven, LOST if lost else code)

    def _bury(self, driven: Driven, code: int) -> None:
        """Handle the end of a driver. If it died, its study is free for the next driver at once, but not any number
        of times.
        """
        study_id, deaths = driven.lease.study_id, 0
        # one that could not begin says nothing against its study
        if code not in (0, LOST) and driven.child.said:
            log.error("driver died", study=study_id, reason=driven.child.last_words)
            ended = self._store.study(study_id).progress.ended
            deaths = 1 if ended > driven.ended else self._deaths.get(study_id, 0) + 1
            if deaths >= MOST:
                self._fail(driven)
                deaths = 0
        if driven.child.said.get("waits"):
            self._resting[study_id] = _Rest(self._store.study(study_id).versions)
        self._let_go(driven, waits_for=self._drivers.trouble)
        # not before: while the database is away all of this is tried again, and a death counts once
        self._deaths[study_id] = deaths
        if not deaths:
            del self._deaths[study_id]

    def _fail(self, driven: Driven) -> None:
        last = driven.child.last_words
        reason = f"its driver died {MOST} times in a row and no trial ended in between; the last time: {last}"
        try:
            self._store.transition(driven.lease.study_id, "fail", lease=driven.lease, reason=reason)
        except LeaseLost:
            return
        attempts.discard(Path(str(self._settings.checkpoint_dir)) / driven.lease.study_id)

    def _let_go(self, driven: Driven, waits_for: str | None = None) -> None:
        """Give a study back: to whichever runner claims it next, or to the queue, with the reason for its waiting."""
        self._leases.drop(driven.lease)
        if waits_for is not None:
            with contextlib.suppress(LeaseLost, ImpossibleTransition):
                self._store.transition(driven.lease.study_id, "wait", lease=driven.lease, reason=waits_for)
        self._store.release(driven.lease)
        del self._driven[driven.lease.study_id]

    # -- the end ----------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Have packs checkpointed and drivers ended, give the leases back, and end Ray."""
        deadline = time.monotonic() + LEAVE_SECONDS
        for driven in self._driven.values():
            driven.child.tell({"leave": True})
        self._drivers.end()
        self._compilers.end()
        for driven in list(self._driven.values()):
            if not driven.child.gone_within(deadline - time.monotonic()):
                self._drivers.kill(driven.child)
            try:
                self._let_go(driven)
            except DatabaseUnavailable as error:
                log.warning("lease not given back", study=driven.lease.study_id, error=str(error))
        self._cluster.stop()
        clear(ray_directory(self._info.id))
        self._leases.end()
