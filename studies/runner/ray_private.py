"""Everything of Ray's that is not part of its public interface: no other module imports `ray._private` and its like.

Ray may change any of it in a patch release. `CHECKED_WITH` names the versions that it was read and run with;
`tests/studies/runner/test_ray_private.py` holds each name, signature and field against the installed one.

Ray is imported in the functions: whoever imports this module loads nothing of it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import grpc
    from ray.job_config import JobConfig

CHECKED_WITH = ("2.60.0",)


class HeadNode:
    """The servers of the first node of a new cluster, children of this process: those that run studies, and no others.

    `ray.init` would also start a dashboard without its pages, an autoscaler with nothing to scale and a tail of logs
    that nobody reads: three processes that take 4 s of a core to start, and the cluster 3 to 6 s longer.

    Args:
        cpus: of the node; None: those of the machine.
        directory: for Ray's sockets, logs and files.
        object_store_bytes: memory of the object store.

    Attributes:
        address: host:port of the GCS, where drivers connect.
        cpus: CPUs that the node offers.
        gpus: GPUs that the node offers.
    """

    def __init__(self, cpus: int | None, directory: str, object_store_bytes: int) -> None:
        from ray._private.node import Node
        from ray._private.parameter import RayParams
        from ray._private.services import resolve_ip_for_localhost

        class WithoutDashboard(Node):
            def start_api_server(self, **_: Any) -> None:
                """Start none."""

        untyped: Any = RayParams  # its annotations are not those of its values
        parameters = untyped(
            num_cpus=cpus,
            object_store_memory=object_store_bytes,
            node_ip_address=resolve_ip_for_localhost("127.0.0.1"),
            temp_dir=directory,
            no_monitor=True,
            include_log_monitor=False,
            include_dashboard=False,
            # its own default is one number: a second cluster on the machine would wait 4 s for it, in vain
            dashboard_agent_listen_port=0,
        )
        self._node = node = WithoutDashboard(
            parameters, head=True, shutdown_at_exit=False, spawn_reaper=True, ray_init_cluster=True
        )
        has: Any = node.get_resource_and_label_spec()  # its numbers are None only before the node has started
        self.address: str = node.gcs_address
        self.cpus: float = has.num_cpus
        self.gpus: float = has.num_gpus

    def dead(self) -> list[str]:
        """Return the names of the servers that have ended."""
        return [name for name, _ in self._node.dead_processes()]

    def prestart_workers(self, seconds: float) -> None:
        """Have the raylet start one worker per CPU.

        Ray does so itself for its first driver; this process is none, so that nothing of Ray's can keep it from ending.

        Raises:
            grpc.RpcError: the raylet did not accept the order within `seconds`.
        """
        from ray._private.grpc_utils import init_grpc_channel
        from ray._private.services import get_node
        from ray.core.generated import node_manager_pb2, node_manager_pb2_grpc

        messages: Any = node_manager_pb2  # classes that protobuf makes at import, where no type checker looks
        port = get_node(self.address, self._node.node_id)["node_manager_port"]
        channel = init_grpc_channel(f"{self._node.node_ip_address}:{port}")
        order = messages.PrestartWorkersRequest(num_workers=int(self.cpus))
        node_manager_pb2_grpc.NodeManagerServiceStub(channel).PrestartWorkers(order, timeout=seconds)

    def stop(self) -> None:
        """Ask the servers to end; some of them may take longer than this call."""
        self._node.kill_all_processes(check_alive=False, allow_graceful=True)


def ask_for_cluster_id(address: str, seconds: float) -> None:
    """Ask a GCS for the id of its cluster, without a token.

    Args:
        address: host:port of the GCS.
        seconds: to wait for the answer.

    Raises:
        grpc.RpcError: it refuses, or does not answer.
    """
    from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc

    messages: Any = gcs_service_pb2
    with _channel_without_token(address) as channel:
        stub = gcs_service_pb2_grpc.NodeInfoGcsServiceStub(channel)
        stub.GetClusterId(messages.GetClusterIdRequest(), timeout=seconds)


def _channel_without_token(address: str) -> grpc.Channel:
    """Return what Ray's own `init_grpc_channel` does, without the token."""
    import grpc
    from ray._common.tls_utils import load_certs_from_env
    from ray._private.ray_constants import GLOBAL_GRPC_OPTIONS

    if os.environ.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return grpc.insecure_channel(address, options=GLOBAL_GRPC_OPTIONS)
    certificate, key, authority = load_certs_from_env()
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    return grpc.secure_channel(address, credentials, options=GLOBAL_GRPC_OPTIONS)


def address_of_this_machine() -> str:
    """Return host:port of the GCS that RAY_ADDRESS names, or of the cluster that this machine is a node of.

    Raises:
        ConnectionError: there is none.
    """
    from ray._private.services import get_ray_address_from_environment

    address = get_ray_address_from_environment("auto", None)
    assert address is not None  # it is None only where it is asked for None
    return address


def node_groups() -> list[tuple[dict[str, float], int]]:
    """Return what the autoscaler of the connected cluster may start: resources of a node, and the number of such nodes.

    Empty where there is no autoscaler, or one of the first version, which does not say.
    """
    from ray._private.state import state

    config: Any = state.get_cluster_config()
    groups = config.node_group_configs if config else ()
    return [(dict(group.resources), group.max_count) for group in groups]


def job_without_directory() -> JobConfig:
    """Return the configuration of a job whose workers do not import from the driver's current directory.

    Ray leaves the directory out for the jobs of Ray Client alone, so this job says that it is one.
    """
    from ray.job_config import JobConfig

    return JobConfig(_client_job=True)
