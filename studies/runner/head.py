"""The process that owns the local Ray cluster: `python -m studies.runner.head`, a child of the runner.

Ray's processes end with the one that started them, also when that is killed. A process of its own keeps Ray's state
(and its end, when one of its servers dies) out of the runner, and starting it again is starting afresh.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from studies.runner.parent import die_with_parent
from studies.runner.wire import Wire

_OBJECT_STORE_BYTES = 200_000_000
"""Reports pass through it, at most a megabyte each; Ray's own default is a third of the machine's memory."""
_LOOK_SECONDS = 0.5


def main() -> None:
    """Start a cluster, say its address, and keep it until standard input ends or one of Ray's servers dies."""
    wire = Wire()
    order = wire.receive()
    die_with_parent(order["parent"])
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
    ended = threading.Event()
    threading.Thread(target=_listen, args=(wire, ended), daemon=True).start()
    while not ended.wait(_LOOK_SECONDS):
        if dead := _dead():
            raise SystemExit(f"Ray's {', '.join(dead)} ended")
    ray.shutdown()


def _listen(wire: Wire, ended: threading.Event) -> None:
    for _ in wire.messages():
        pass
    ended.set()


def _dead() -> list[str]:
    """Return which of Ray's own servers have ended."""
    from ray._private import worker

    node: Any = worker._global_node
    return [name for name, _ in node.dead_processes()]


if __name__ == "__main__":
    main()
