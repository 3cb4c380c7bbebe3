"""`grokscale runner`: takes queued studies and runs them."""

from __future__ import annotations

import os
import signal
import threading
from typing import Annotated

import typer

from grokscale.extras import extra
from grokscale.service.commands.database import migrated
from grokscale.service.commands.errors import CommandFailed
from grokscale.service.commands.openness import warn_of_openness
from grokscale.service.commands.options import (
    CheckpointDir,
    Cpus,
    DataDir,
    LeaseSeconds,
    LogLevel,
    RayAddress,
    SilenceSeconds,
    TrustCluster,
)
from grokscale.service.commands.pipes import wait_for_end_of_input
from grokscale.service.commands.settings import settings as read_settings
from grokscale.studies import logs
from grokscale.studies.bell import Bell
from grokscale.studies.home import have_home
from grokscale.studies.privacy import keep_private


def runner(
    data_dir: DataDir = None,
    checkpoint_dir: CheckpointDir = None,
    ray_address: RayAddress = None,
    trust_cluster: TrustCluster = None,
    cpus: Cpus = None,
    lease_seconds: LeaseSeconds = None,
    silence_seconds: SilenceSeconds = None,
    log_level: LogLevel = None,
    embedded: Annotated[bool, typer.Option("--embedded", help="End with the process that started this one.")] = False,
) -> None:
    """Run queued studies until SIGTERM or Ctrl-C; `serve` starts one of its own."""
    stop = Bell()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    keep_private()
    with extra("server"):
        from grokscale.studies.runner.parent import die_with_parent

    if embedded:
        # a parent that was gone before this line has closed standard input
        die_with_parent(os.getppid())
        threading.Thread(target=_stop_at_end_of_input, args=(stop,), daemon=True).start()
    settings = read_settings(
        data_dir=data_dir,
        checkpoint_dir=checkpoint_dir,
        ray_address=ray_address,
        trust_cluster=trust_cluster,
        cpus=cpus,
        lease_seconds=lease_seconds,
        silence_seconds=silence_seconds,
        log_level=log_level,
    )
    have_home()
    if not embedded:  # the server that started it has said so
        warn_of_openness(settings.data_dir)
    logs.configure(settings.log_level)
    store = migrated(settings)
    from grokscale.studies.runner.runner import Runner
    from grokscale.studies.store import StoreError

    try:
        Runner(settings, store, embedded=embedded).run(stop)
    except StoreError as error:
        raise CommandFailed(str(error)) from error


def _stop_at_end_of_input(stop: Bell) -> None:
    wait_for_end_of_input()
    stop.set()
