"""`grokscale quickstart`: a study goes in, a fitted law comes out, and nothing is left running."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import httpx2

from grokscale.service.client import Client, Study
from grokscale.service.commands.errors import CommandFailed
from grokscale.service.commands.lines import outcome_line, result_lines
from grokscale.service.commands.lock import only_server
from grokscale.service.commands.options import DataDir
from grokscale.service.commands.settings import settings as read_settings
from grokscale.studies.privacy import keep_private

if TYPE_CHECKING:
    from grokscale.studies.settings import Settings

STUDY = "quickstart"
START_SECONDS = 180.0
"""Ray takes up to half a minute to start on a busy machine."""
STOP_SECONDS = 60.0
LOOK_SECONDS = 0.2


def quickstart(data_dir: DataDir = None) -> None:
    """Start the service, run the quick-start study, print its law, and shut down."""
    keep_private()
    settings = read_settings(data_dir=data_dir)
    with only_server(settings.data_dir):
        pass  # said here rather than in the child's log
    log = settings.data_dir / "quickstart.log"
    _tell(f"starting the service, data in {settings.data_dir}, log in {log}")
    with _service(settings, log) as url, Client(url, settings.keys[0] if settings.keys else None) as client:
        study = client.submit_library(STUDY)
        _tell(f"study {study.id} submitted: {study.progress['total']} trials")
        study.wait()
        law = study.law("t2")
    lines = [outcome_line(study.data), *result_lines(law), "", *_next_steps(study, settings)]
    print("\n".join(lines), flush=True)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _next_steps(study: Study, settings: Settings) -> list[str]:
    """Return where to look next. The data are kept, so the study is there when the service is started again."""
    command = Path(sys.argv[0])
    grokscale = command if command.name == "grokscale" else "grokscale"
    serve = f"{grokscale} serve"
    if settings.data_dir != (Path.cwd() / ".grokscale"):
        serve += f" --data-dir {settings.data_dir}"
    base = f"http://127.0.0.1:{settings.port}"
    return [
        "the service has been shut down; where to look next:",
        f"  start it again:     {serve}",
        f"  this law:           curl -s '{base}/v1/studies/{study.id}/laws/t2'",
        f"  all trials as CSV:  curl -s -H 'Accept: text/csv' {base}/v1/studies/{study.id}/trials",
        f"  the interface:      {base}/docs",
    ]


@contextmanager
def _service(settings: Settings, log: Path) -> Iterator[str]:
    """Yield the address of a service in a process of its own, once it is ready. It ends after the block, or with
    this process.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "grokscale.service.cli",
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--until-eof",
    ]
    environment = {**os.environ, "GROKSCALE_DATA_DIR": str(settings.data_dir)}
    with (
        open(log, "w", encoding="utf-8") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C comes here alone, and the service is then ended in order
        ) as child,
    ):
        assert child.stdout is not None
        try:
            url = _address(child.stdout, log)
            _until_ready(child, url, log)
            yield url
        finally:
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def _address(output: IO[str], log: Path) -> str:
    found = re.search(r"http://\S+:\d+", output.readline())
    if found is None:
        raise CommandFailed(f"the service did not start: {_last_words(log)}")
    return found[0]


def _until_ready(child: subprocess.Popen[str], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(url):
        if child.poll() is not None or time.monotonic() > deadline:
            raise CommandFailed(f"the service did not become ready: {_last_words(log)}")
        time.sleep(LOOK_SECONDS)


def _is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return f"{lines[-1].removeprefix('grokscale: ') if lines else 'it said nothing'} (all of it in {log})"
