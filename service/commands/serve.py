"""`grokscale serve`: the HTTP interface, and one runner beside it."""

from __future__ import annotations

import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from grokscale.service.commands.database import migrated
from grokscale.service.commands.errors import CommandFailed
from grokscale.service.commands.lock import only_server
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
from grokscale.service.loopback import bare, is_loopback
from grokscale.studies import logs
from grokscale.studies.home import have_home
from grokscale.studies.privacy import keep_private

if TYPE_CHECKING:
    from grokscale.studies.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind to (default 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one (default 8000).")] = None,
    data_dir: DataDir = None,
    checkpoint_dir: CheckpointDir = None,
    ray_address: RayAddress = None,
    trust_cluster: TrustCluster = None,
    cpus: Cpus = None,
    lease_seconds: LeaseSeconds = None,
    silence_seconds: SilenceSeconds = None,
    log_level: LogLevel = None,
    no_runner: Annotated[
        bool, typer.Option("--no-runner", help="Run no studies: `grokscale runner` does so elsewhere.")
    ] = False,
    until_eof: Annotated[bool, typer.Option("--until-eof", help="End when standard input ends.")] = False,
) -> None:
    """Serve the HTTP interface and, but for --no-runner, run studies, until SIGTERM or Ctrl-C.

    The embedded database (SQLite in the data directory) is migrated first; another one, GROKSCALE_DATABASE_URL, by
    `grokscale db upgrade`. Without keys (GROKSCALE_API_KEYS) only this machine is served.
    """
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    keep_private()
    settings = read_settings(
        host=host,
        port=port,
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
    where = _address(settings)
    warn_of_openness(settings.data_dir)
    if until_eof:
        threading.Thread(target=_end_with_input, daemon=True).start()
    with only_server(settings.data_dir), _listen(settings, where) as listening:
        logs.configure(settings.log_level)
        store = migrated(settings)
        from grokscale.service.server import run  # its libraries take seconds to import

        run(settings, store, listening, with_runner=not no_runner)


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _end_with_input() -> None:
    wait_for_end_of_input()
    os.kill(os.getpid(), signal.SIGTERM)


class _Address(NamedTuple):
    """Where to listen, as `socket` takes it."""

    family: int
    address: tuple[object, ...]


def _address(settings: Settings) -> _Address:
    """Return the address of the host; without keys it must be a loopback address.

    Raises:
        CommandFailed: the host has no address, or another one.
    """
    if not settings.keys and not is_loopback(settings.host):
        raise CommandFailed(_reachable(settings.host))
    try:
        family, _, _, _, address = socket.getaddrinfo(
            bare(settings.host), settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise _unlistened(settings, error) from error
    # a machine may have given the name localhost to any address
    if not settings.keys and not is_loopback(str(address[0])):
        raise CommandFailed(_reachable(f"{settings.host} ({address[0]})"))
    return _Address(family, address)


def _listen(settings: Settings, where: _Address) -> socket.socket:
    """Return the socket to listen on, bound before anything else is started."""
    listening = socket.socket(where.family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where.address)
        return listening
    except OSError as error:
        listening.close()
        raise _unlistened(settings, error) from error


def _unlistened(settings: Settings, error: OSError | UnicodeError) -> CommandFailed:
    said = error.strerror if isinstance(error, OSError) else "not the name of a machine"
    return CommandFailed(f"cannot listen on {settings.host}:{settings.port}: {said}")


def _reachable(host: str) -> str:
    return (
        f"without keys only this machine is served, and {host} is not a loopback address: "
        "set GROKSCALE_API_KEYS, or leave out --host"
    )
