"""Compiles every kernel by which packs are trained: `grokscale.studies.runner.compiler`, a child of the runner."""

from __future__ import annotations

import os
import threading

from grokscale.studies.runner.parent import die_with_parent
from grokscale.studies.runner.wire import Wire

_NICE = 10
"""Niceness below that of everything that somebody waits for; a process that waits for a kernel leaves its core to
the compiler."""


def main() -> None:
    """Compile the kernels that this machine lacks, sharing the work with other compilers; report how many these
    were.
    """
    wire = Wire()
    die_with_parent(wire.receive()["parent"])
    threading.Thread(target=_listen, args=(wire,), daemon=True).start()
    os.nice(_NICE)
    from grokscale.trainers.kernels import missing
    from grokscale.trainers.preparing import prepare
    from grokscale.trainers.tasks.registry import kernels, offer

    offer(())  # tasks from outside are compiled by who trains them
    needed = kernels()
    wire.say(missing=len(missing(needed)))
    prepare(needed)
    os._exit(0)


def _listen(wire: Wire) -> None:
    for _ in wire.messages():
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
