"""Processes for fits. Each can be killed at any moment, and one stands by."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from anyio import CapacityLimiter, fail_after, to_thread

from grokscale.service.problems import ApiError
from grokscale.service.work import frames
from grokscale.studies.settings import PREFIX
from grokscale.trainers.tasks.registry import known

T = TypeVar("T")
_COMMAND = (sys.executable, "-P", "-m", "grokscale.service.work.program")


class FitTooLong(ApiError):
    """The fit was ended at the server's deadline: it asks for too much. The same again would take as long."""

    status, kind, title = 422, "fit-too-long", "The fit takes too long"


class FitterGone(ApiError):
    """The process that fitted has ended, with the server or for want of memory; try again."""

    status, kind, title = 503, "fitter-gone", "The fit was cut off"


class Fitter:
    """One process, for one fit at a time."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,  # no secret of the server's reaches it
            start_new_session=True,  # Ctrl-C comes to the server alone
        )
        assert self._process.stdin is not None
        with suppress(OSError):  # whoever asks it hears that it has ended
            frames.write(self._process.stdin, known().plugins)

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, function: Callable[..., Any], args: Any, options: Any) -> tuple[bool, Any]:
        """Return whether a function returned (True) or raised, and what it returned or raised.

        Raises:
            FitterGone: the process ended meanwhile.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            frames.write(self._process.stdin, (function, args, options))
            return frames.read(self._process.stdout)
        except (OSError, EOFError) as error:
            self.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(OSError):  # what was still to be written is of no use
                    pipe.close()
            raise FitterGone("the process that fitted has ended", headers={"Retry-After": "1"}) from error

    def kill(self) -> None:
        """Kill it. A caller that waits in `ask` gets `FitterGone`."""
        self._process.kill()
        self._process.wait()


class Fitters:
    """The processes for fits of this server: as many as are at work, and one that stands by.

    Its methods may be called from any thread, except `run`, which belongs to an event loop.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stands_by = False
        self._ready: list[Fitter] = []
        self._at_work: set[Fitter] = set()
        self._threads = CapacityLimiter(float("inf"))

    async def run(self, seconds: float, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Call a function of a module in a process that is killed when the caller is cancelled; return what it
        returns.

        Args:
            seconds: after which the process is killed.
            function: must be importable, and pickle must take its arguments and what it returns or raises.
            args: of the function.
            options: of the function, by name.

        Raises:
            FitTooLong: the process was killed at the deadline.
            FitterGone: the process ended by itself, or with the server.
            Exception: whatever the function raises.
        """
        fitter = self._take()
        answer: tuple[bool, Any] | None = None
        try:
            with fail_after(seconds):
                answer = await to_thread.run_sync(
                    fitter.ask, function, args, options, abandon_on_cancel=True, limiter=self._threads
                )
        except TimeoutError:
            raise FitTooLong(
                f"ended after {seconds:g} s, the limit of this server (GROKSCALE_FIT_SECONDS); accepted: what takes "
                "less: fewer rows, models, intervals or samples"
            ) from None
        finally:
            self._give_back(fitter, whole=answer is not None)
        assert answer is not None
        returned, value = answer
        if not returned:
            raise value
        return value

    def stand_by(self) -> None:
        """Keep a process standing by from now on, so that the next fit need not wait for one to start."""
        with self._lock:
            self._stands_by = True
            if not self._ready:
                self._ready.append(Fitter())

    def close(self) -> None:
        """Kill all of them, whatever they are doing; the next fit starts another one."""
        with self._lock:
            self._stands_by = False
            ended = [*self._ready, *self._at_work]
            self._ready.clear()
        for fitter in ended:
            fitter.kill()

    def _take(self) -> Fitter:
        with self._lock:
            ready = [fitter for fitter in self._ready if fitter.alive]
            fitter = ready.pop() if ready else Fitter()
            self._ready = ready
            self._at_work.add(fitter)
            return fitter

    def _give_back(self, fitter: Fitter, *, whole: bool) -> None:
        with self._lock:
            self._at_work.discard(fitter)
            if whole and fitter.alive and not self._ready:
                self._ready.append(fitter)
                return
            if self._stands_by and not self._ready:
                self._ready.append(Fitter())
        fitter.kill()


FITTERS = Fitters()
"""Those of this process."""
atexit.register(FITTERS.close)
