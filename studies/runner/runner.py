"""The runner: claims studies, keeps a driver for each, and the Ray cluster under them."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from studies.bell import Stop
from studies.lifecycle import ImpossibleTransition
from studies.resources import Resources, total
from studies.runner import environment
from studies.runner.child import Child
from studies.runner.cluster import Cluster, OwnCluster, clear, is_ray_directory, ray_directory
from studies.runner.compilers import Compilers
from studies.runner.dealer import Dealer, Driven
from studies.runner.foreign import LOG, ForeignCluster
from studies.runner.leases import Leases
from studies.runner.lock import only_runner
from studies.runner.wire import Job
from studies.settings import Settings
from studies.store import DatabaseUnavailable, Lease, LeaseLost, RunnerInfo, RunnerNews, Store
from studies.worker import attempts

log = structlog.stdlib.get_logger("studies.runner")

DRIVER = (sys.executable, "-P", "-m", "studies.runner.driver")
DEATHS = 5
"""Drivers of one study that may die in a row with no trial ended in between; then the study has failed."""
LEAVE_SECONDS = 6.5
"""For drivers to end in order: more than they take at most, and with Ray's end within ten seconds."""
SPARE_SECONDS = 10.0
"""After a driver was started, until the next one is at hand: the study that starts has better use for the CPUs."""
LOOK_SECONDS = 0.1
CLAIM_SECONDS = 0.5
RESTART_SECONDS = 10.0


class Runner:
    """Runs studies until it is asked to end. One a data directory: a second one waits for the first one's end.

    Args:
        settings: database, directories, cluster, limits.
        store: migrated.
        embedded: started by `serve`, under the lock of its DATA_DIR.
        driver_command: the program that drives one study.
    """

    def __init__(
        self, settings: Settings, store: Store, *, embedded: bool = True, driver_command: Sequence[str] = DRIVER
    ) -> None:
        self._settings, self._store, self._command = settings, store, driver_command
        self._info = RunnerInfo(str(uuid.uuid4()), platform.node(), os.getpid(), embedded)
        self._cluster = self._cluster_of(settings)
        self._dealer = Dealer(self._cluster)
        self._leases = Leases(store, self._info, settings.lease_seconds, self._news)
        self._driven: dict[str, Driven] = {}
        self._deaths: dict[str, int] = {}
        self._claim_at = self._cluster_at = self._spare_at = 0.0
        self._spare: Child | None = None
        self._compilers = Compilers()
        self._said: str | None = None

    def _cluster_of(self, settings: Settings) -> Cluster:
        if settings.ray_address is None:
            return OwnCluster(settings, ray_directory(self._info.id))
        return ForeignCluster(settings.ray_address, settings.data_dir / LOG)

    def _news(self) -> RunnerNews:
        has = total(self._cluster.most)
        return RunnerNews(has.cpus, has.gpus, self._cluster.trouble)

    def run(self, stop: Stop) -> None:
        """Claim studies and drive them until `stop`; return when nothing that was started is left.

        Drivers and the cluster are children of the calling thread: it has to live as long as they shall.

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
        """The former holder of the lock is dead: free what it held, remove what its Ray left."""
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
        while not stop.wait(LOOK_SECONDS):
            try:
                self._mind_cluster()
                self._mind_drivers()
                self._mind_spare()
                self._compilers.mind()
                self._claim()
                self._dealer.deal(list(self._driven.values()))
                self._leases.tell()
            except DatabaseUnavailable as error:
                log.warning("database away", error=str(error))
                stop.wait(CLAIM_SECONDS)

    # -- the cluster ------------------------------------------------------------------------------------------------

    def _mind_cluster(self) -> None:
        """Start the cluster again when it is lost; its studies are queued meanwhile, and go on where they were."""
        if self._cluster.alive:
            self._said = None if self._cluster.address else self._said
            return
        if self._cluster.started:
            # one that was up has been killed; one that never was would most likely not come up now either
            wait = 0.0 if self._cluster.address else RESTART_SECONDS
            reason = self._cluster.trouble or "the runner's Ray cluster has ended"
            if reason != self._said:
                log.error("the Ray cluster is lost", reason=reason, again_in_seconds=wait)
                self._said = reason
            for driven in list(self._driven.values()):
                driven.child.kill()
                self._let_go(driven, waits_for=reason)
            # drivers that died with it, a moment before it was known
            self._deaths.clear()
            self._cluster.stop()
            self._cluster_at = time.monotonic() + wait
        if time.monotonic() >= self._cluster_at:
            self._cluster.start()

    # -- studies ----------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Take the next study, where there is room for one more."""
        full = len(self._driven) >= self._settings.max_studies
        if self._cluster.address is None or full or time.monotonic() < self._claim_at:
            return
        lease = self._store.claim(self._info.id, self._settings.lease_seconds)
        if lease is None:
            self._claim_at = time.monotonic() + CLAIM_SECONDS
            return
        self._leases.hold(lease)
        study = self._store.study(lease.study_id)
        wanted = study.spec["resources"]
        child = self._spare or self._driver()
        self._spare, self._spare_at = None, time.monotonic() + SPARE_SECONDS
        child.tell(self._job(lease).to_json())
        pack = Resources(wanted["cpus"], wanted["gpus"])
        self._driven[lease.study_id] = Driven(lease, child, study.progress.ended, pack)
        log.info("driver started", study=lease.study_id, token=lease.token, pid=child.pid)

    def _mind_spare(self) -> None:
        """Keep a driver at hand that has its imports behind it: a study starts, or goes on, three seconds earlier."""
        if self._spare and self._spare.code is not None:
            log.warning("spare driver ended", code=self._spare.code)
            self._spare, self._spare_at = None, time.monotonic() + SPARE_SECONDS
        if self._driven and self._compilers.busy:
            self._spare_at = time.monotonic() + SPARE_SECONDS  # a study that waits for them is to start first
        if self._spare is None and time.monotonic() >= self._spare_at and self._cluster.alive:
            self._spare = self._driver()

    def _driver(self) -> Child:
        return Child(self._command, environment.of_driver(self._cluster.token), {"parent": os.getpid()})

    def _job(self, lease: Lease) -> Job:
        return Job(
            url=self._settings.url,
            study_id=lease.study_id,
            runner_id=lease.runner_id,
            token=lease.token,
            expires=lease.expires.isoformat(),
            ray_address=self._cluster.address or "",
            own_cluster=self._cluster.own,
            checkpoint_dir=str(self._settings.checkpoint_dir),
            own_checkpoints=self._settings.own_checkpoints,
            silence_seconds=self._settings.silence_seconds,
            pack_attempts=self._settings.pack_attempts,
            log_level=self._settings.log_level,
        )

    def _mind_drivers(self) -> None:
        for driven in list(self._driven.values()):
            if self._leases.lost(driven.lease):
                driven.child.kill()
            code = driven.child.code
            if code is not None:
                self._bury(driven, code)

    def _bury(self, driven: Driven, code: int) -> None:
        """A driver has ended. Where it died its study is free for the next one at once, but not for ever."""
        study_id = driven.lease.study_id
        if code == 0:
            self._deaths.pop(study_id, None)
        else:
            log.error("driver died", study=study_id, code=code, error=driven.child.said.get("error"))
            ended = self._store.study(study_id).progress.ended
            self._deaths[study_id] = 1 if ended > driven.ended else self._deaths.get(study_id, 0) + 1
            if self._deaths[study_id] >= DEATHS:
                self._fail(driven, code)
        self._let_go(driven)

    def _fail(self, driven: Driven, code: int) -> None:
        last = driven.child.said.get("error") or f"exit code {code}"
        reason = f"its driver died {DEATHS} times in a row and no trial ended in between; the last time: {last}"
        self._deaths.pop(driven.lease.study_id)
        try:
            self._store.transition(driven.lease.study_id, "fail", lease=driven.lease, reason=reason)
        except LeaseLost:
            return
        attempts.discard(Path(str(self._settings.checkpoint_dir)) / driven.lease.study_id)

    def _let_go(self, driven: Driven, waits_for: str | None = None) -> None:
        """Give a study back: to whoever claims it next, or to the queue with what it waits for."""
        self._leases.drop(driven.lease)
        if waits_for is not None:
            with contextlib.suppress(LeaseLost, ImpossibleTransition):
                self._store.transition(driven.lease.study_id, "wait", lease=driven.lease, reason=waits_for)
        self._store.release(driven.lease)
        del self._driven[driven.lease.study_id]

    # -- the end ----------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Have packs checkpointed and drivers ended, give the leases back, end Ray."""
        deadline = time.monotonic() + LEAVE_SECONDS
        for driven in self._driven.values():
            driven.child.tell({"leave": True})
        if self._spare:
            self._spare.kill()
        self._compilers.end()
        for driven in list(self._driven.values()):
            if not driven.child.gone_within(deadline - time.monotonic()):
                driven.child.kill()
            try:
                self._let_go(driven)
            except DatabaseUnavailable as error:
                log.warning("lease not given back", study=driven.lease.study_id, error=str(error))
        self._cluster.stop()
        self._leases.end()
