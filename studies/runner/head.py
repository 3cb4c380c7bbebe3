"""The process that owns the local Ray cluster: `python -m studies.runner.head`, a child of the runner.

Ray's processes end with the one that started them, also when that is killed. A process of its own keeps Ray's state
(and its end, when one of its servers dies) out of the runner, and starting it again is starting afresh.
"""

from __future__ import annotations

import faulthandler
import logging
import signal
import threading
from typing import Any

from studies.runner.parent import die_with_parent
from studies.runner.wire import Wire

_OBJECT_STORE_BYTES = 200_000_000
"""Reports pass through it, at most a megabyte each; Ray's own default is a third of the machine's memory."""
_LOOK_SECONDS = 0.5
_END_SECONDS = 15.0
"""Ray's servers have a second each to end of themselves; they are killed by the kernel when this process has gone."""


def main() -> None:
    """Start a cluster, say its address, and keep it until standard input ends or one of Ray's servers dies."""
    wire = Wire()
    order = wire.receive()
    # not SIGKILL: servers of Ray that are ended in order leave no agent behind that waits for them for a minute
    die_with_parent(order["parent"], signal.SIGTERM)
    ended = threading.Event()
    threading.Thread(target=_listen, args=(wire, ended), daemon=True).start()
    import ray

    ray.init(
        address="local",
        num_cpus=order["cpus"],
        object_store_memory=_OBJECT_STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.WARNING,
        _node_ip_address="127.0.0.1",
        _temp_dir=order["directory"],
    )
    total = ray.cluster_resources()
    wire.say(address=ray.get_runtime_context().gcs_address, cpus=total.get("CPU", 0), gpus=total.get("GPU", 0))
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    while not ended.wait(_LOOK_SECONDS):
        if dead := _dead():
            raise SystemExit(f"Ray's {', '.join(dead)} ended")
    ray.shutdown()


def _listen(wire: Wire, ended: threading.Event) -> None:
    """Wait for the end of standard input, and see to it that this process does not outlive it for long."""
    for _ in wire.messages():
        pass
    ended.set()
    # a thread of the C library's: it ends the process also where C code never gives up the interpreter
    faulthandler.dump_traceback_later(_END_SECONDS, exit=True)


def _dead() -> list[str]:
    """Return which of Ray's own servers have ended."""
    from ray._private import worker

    node: Any = worker._global_node
    return [name for name, _ in node.dead_processes()]


if __name__ == "__main__":
    main()
