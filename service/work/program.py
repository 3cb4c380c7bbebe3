"""The process for fits: it reads functions and arguments from standard input and writes what they return or raise.

The first message holds the server's tasks from outside, of which this process knows the descriptions alone.

It ends with its standard input or, in the middle of a fit, when its parent has ended.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from importlib import import_module
from typing import IO, Any

from grokscale.service.work import frames
from grokscale.trainers.tasks.registry import offer

NEEDED = tuple(f"grokscale.studies.{name}" for name in ("fits", "imports.bodies", "laws", "pareto", "phases", "theory"))
"""Modules that are imported before the first request comes, so that it need not wait for them."""
NICENESS = 5
"""Below that of the server, which must answer first."""
_LOOK_SECONDS = 0.5


def main() -> None:
    """Answer until there is nothing more to answer."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    os.nice(NICENESS)
    for module in NEEDED:
        import_module(module)
    offer(frames.read(sys.stdin.buffer))  # the tasks from outside that the server knows
    while True:
        try:
            function, args, options = frames.read(sys.stdin.buffer)
        except EOFError:
            return
        _answer(answers, function, args, options)


def _answer(pipe: IO[bytes], function: Any, args: Any, options: Any) -> None:
    try:
        answer = True, function(*args, **options)
    except Exception as error:
        error.add_note("".join(traceback.format_exception(error)))
        answer = False, error
    frames.write(pipe, answer)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
