"""The process that owns the local Ray cluster: `python -m grokscale.studies.runner.head`, a child of the runner.

Ray's processes end with the one that started them, also when that is killed. A process of its own keeps Ray's state
(and its end, when one of its servers dies) out of the runner, and starting it again is starting afresh.
"""

from __future__ import annotations

import contextlib
import faulthandler
import signal
import threading
from collections.abc import Mapping
from typing import Any

from grokscale.studies.bell import Bell
from grokscale.studies.runner.parent import adopt_orphans, die_with_parent, outlive_children
from grokscale.studies.runner.wire import Wire

_OBJECT_STORE_BYTES = 200_000_000
"""Reports pass through it, at most a megabyte each; Ray's own default is a third of the machine's memory."""
_LOOK_SECONDS = 0.5
_ORDER_SECONDS = 10.0
_LEAVE_SECONDS = 1.0
"""For workers and agents to notice that the raylet has gone."""
_END_SECONDS = 15.0
"""Ray's servers have a second each to end of themselves; they are killed by the kernel when this process has gone."""


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
    node = _start(order)
    has = node.get_resource_and_label_spec()
    wire.say(address=node.gcs_address, cpus=has.num_cpus, gpus=has.num_gpus)
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    _have_workers_wait(node)
    while not ended.wait(_LOOK_SECONDS):
        if dead := [name for name, _ in node.dead_processes()]:
            raise SystemExit(f"Ray's {', '.join(dead)} ended")
    node.kill_all_processes(check_alive=False, allow_graceful=True)
    outlive_children(_LEAVE_SECONDS)


def _start(order: Mapping[str, Any]) -> Any:
    """Start the servers that run studies, and no others, as `ray start --head` does.

    `ray.init` would also start a dashboard without its pages, an autoscaler with nothing to scale and a tail of logs
    that nobody reads: three processes that take 4 s of a core to start, and the cluster 3 to 6 s longer.
    """
    from ray._private.node import Node
    from ray._private.parameter import RayParams
    from ray._private.services import resolve_ip_for_localhost

    class Head(Node):
        def start_api_server(self, **_: Any) -> None:
            """Start none."""

    untyped: Any = RayParams  # its annotations are not those of its values
    parameters = untyped(
        num_cpus=order["cpus"],
        object_store_memory=_OBJECT_STORE_BYTES,
        node_ip_address=resolve_ip_for_localhost("127.0.0.1"),
        temp_dir=order["directory"],
        no_monitor=True,
        include_log_monitor=False,
        include_dashboard=False,
        # its own default is one number: a second cluster on the machine would wait 4 s for it, in vain
        dashboard_agent_listen_port=0,
    )
    return Head(parameters, head=True, shutdown_at_exit=False, spawn_reaper=True, ray_init_cluster=True)


def _have_workers_wait(node: Any) -> None:
    """Have Ray start a worker a CPU, so that the first study finds them with all that takes three seconds to import.

    Ray does so itself for its first driver; this process is none, so that nothing of Ray's can keep it from ending.
    """
    import grpc
    from ray._private.grpc_utils import init_grpc_channel
    from ray._private.services import get_node
    from ray.core.generated import node_manager_pb2, node_manager_pb2_grpc

    messages: Any = node_manager_pb2  # classes that protobuf makes at import, where no type checker looks
    port = get_node(node.gcs_address, node.node_id)["node_manager_port"]
    raylet = node_manager_pb2_grpc.NodeManagerServiceStub(init_grpc_channel(f"{node.node_ip_address}:{port}"))
    workers = int(node.get_resource_and_label_spec().num_cpus)
    order = messages.PrestartWorkersRequest(num_workers=workers)
    with contextlib.suppress(grpc.RpcError):  # they are started when they are needed
        raylet.PrestartWorkers(order, timeout=_ORDER_SECONDS)


def _listen(wire: Wire, ended: Bell) -> None:
    """Wait for the end of standard input, and see to it that this process does not outlive it for long."""
    for _ in wire.messages():
        pass
    ended.set()
    # a thread of the C library's: it ends the process also where C code never gives up the interpreter
    faulthandler.dump_traceback_later(_END_SECONDS, exit=True)


if __name__ == "__main__":
    main()
