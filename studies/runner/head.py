"""The process that owns the local Ray cluster: `python -m grokscale.studies.runner.head`, a child of the runner.

Ray's processes end with the process that started them, even if that is killed. Because it is not the runner, the
runner is free of Ray's state and survives the death of Ray's servers, and a restart begins afresh.
"""

from __future__ import annotations

import contextlib
import faulthandler
import signal
import threading

from grokscale.studies.bell import Bell
from grokscale.studies.runner.parent import adopt_orphans, die_with_parent, outlive_children
from grokscale.studies.runner.ray_private import HeadNode
from grokscale.studies.runner.wire import Wire

_OBJECT_STORE_BYTES = 200_000_000
"""Reports pass through it, at most a megabyte each; Ray's own default is a third of the machine's memory."""
_LOOK_SECONDS = 0.5
_ORDER_SECONDS = 10.0
_LEAVE_SECONDS = 1.0
"""For workers and agents to notice that the raylet has gone."""
_END_SECONDS = 15.0
"""Each of Ray's servers has a second to end by itself; the kernel kills them when this process has ended."""


def main() -> None:
    """Start a cluster, say its address, and keep it until standard input ends or one of Ray's servers dies."""
    wire = Wire()
    with wire.last_words():
        _keep(wire)


def _keep(wire: Wire) -> None:
    order = wire.receive()
    # not SIGKILL: servers of Ray that are ended in order leave no agent behind that waits for them for a minute
    die_with_parent(order["parent"], signal.SIGTERM)
    adopt_orphans()
    ended = Bell()
    threading.Thread(target=_listen, args=(wire, ended), daemon=True).start()
    node = HeadNode(order["cpus"], order["directory"], _OBJECT_STORE_BYTES)
    wire.say(address=node.address, cpus=node.cpus, gpus=node.gpus)
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    _have_workers_wait(node)
    while not ended.wait(_LOOK_SECONDS):
        if dead := node.dead():
            raise SystemExit(f"Ray's {', '.join(dead)} ended")
    node.stop()
    outlive_children(_LEAVE_SECONDS)


def _have_workers_wait(node: HeadNode) -> None:
    """Start the workers now, so that they have finished their imports, which take three seconds, when the first
    study begins.
    """
    import grpc

    with contextlib.suppress(grpc.RpcError):  # they are started when they are needed
        node.prestart_workers(_ORDER_SECONDS)


def _listen(wire: Wire, ended: Bell) -> None:
    """Wait for the end of standard input, and make sure that this process ends soon after it."""
    for _ in wire.messages():
        pass
    ended.set()
    # a thread of the C library's: it ends the process also where C code never gives up the interpreter
    faulthandler.dump_traceback_later(_END_SECONDS, exit=True)


if __name__ == "__main__":
    main()
