"""Charts as files: JSON here, pictures and pages by a process that draws (`studies.charts.renderer`)."""

from __future__ import annotations

import atexit
import json
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from grokscale.studies.settings import ours

Format = Literal["json", "svg", "png", "html"]

SECONDS = 60.0
"""The first page takes some seconds, since its JavaScript is bundled then; a picture takes a tenth of one."""
_PROGRAM = Path(__file__).with_name("renderer.py")


class RenderingFailed(Exception):
    """A chart could not be drawn; the message says why."""


class RendererGone(RenderingFailed):
    """The process that draws ended in the middle of it, or was silent for too long; the next chart starts another."""


def written(chart: dict[str, Any]) -> bytes:
    """Return a chart as JSON, which two equal charts have in common to the byte.

    Raises:
        ValueError: a value is nan or infinite.
    """
    return json.dumps(chart, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


class Renderer:
    """A process that draws, started when it is first needed. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def render(self, chart: bytes, format: Format, scale: float = 1.0) -> bytes:
        """Return a chart in a format.

        Args:
            chart: as `written`.
            format: `json` is the chart itself.
            scale: pixels of a png a unit of the chart's size.

        Raises:
            RenderingFailed: it cannot be drawn.
            RendererGone: the process that draws does not answer.
        """
        if format == "json":
            return chart
        request = b'{"format":"%s","scale":%r,"chart":%s}' % (format.encode(), scale, chart)
        with self._lock:
            try:
                answer = self._asked(request)
            except OSError as error:
                self._end()
                raise RendererGone(f"the process that draws is gone: {error}") from error
        if answer[:1] != b"\1":
            raise RenderingFailed(answer[1:].decode(errors="replace"))
        return answer[1:]

    def close(self) -> None:
        """End the process; the next chart starts another."""
        with self._lock:
            self._end()

    def _asked(self, request: bytes) -> bytes:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = threading.Timer(SECONDS, process.kill)
        watchdog.start()
        try:
            process.stdin.write(struct.pack(">Q", len(request)) + request)
            process.stdin.flush()
            head = process.stdout.read(8)
            answer = process.stdout.read(struct.unpack(">Q", head)[0]) if len(head) == 8 else b""
        finally:
            watchdog.cancel()
        if not answer:
            raise BrokenPipeError("it ended without an answer")
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            environment = {name: value for name, value in os.environ.items() if not ours(name)}
            self._process = subprocess.Popen(
                # -P: the folder of the program holds modules with names of their own
                [sys.executable, "-P", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,  # no secret of the server's reaches it
                start_new_session=True,  # Ctrl-C comes to the server alone
            )
        return self._process

    def _end(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what was still to be written to it is of no use
                pipe.close()
        process.wait()


RENDERER = Renderer()
"""The one of this process."""
atexit.register(RENDERER.close)
