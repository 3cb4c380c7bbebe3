"""Whether a cluster asks for a token: one that does not runs the code of anybody who reaches it, as the user of its
nodes.
"""

from __future__ import annotations

import grpc

from grokscale.studies.runner.ray_private import ask_for_cluster_id

_ANSWER_SECONDS = 5.0
_REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


class OpenToAll(Exception):
    """The cluster lets everybody in."""

    def __init__(self) -> None:
        super().__init__(
            "it has no token authentication, so that whoever reaches it can run code on its nodes: start its nodes "
            "with RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH, or, where nobody else reaches it, give the runner "
            "--trust-cluster (GROKSCALE_TRUST_CLUSTER=1)"
        )


def check(address: str) -> None:
    """Ask the cluster something without a token; return if it refuses to answer.

    Args:
        address: host:port of its GCS.

    Raises:
        OpenToAll: it answers.
        ConnectionError: whatever listens there does not answer like a Ray cluster.
    """
    try:
        ask_for_cluster_id(address, _ANSWER_SECONDS)
    except grpc.RpcError as error:
        if error.code() in _REFUSED:
            return
        raise ConnectionError(f"what is there does not answer as a Ray cluster does ({error.details()})") from error
    raise OpenToAll
