"""Whether a cluster asks who comes: one that does not runs the code of whoever reaches it, as the user of its nodes."""

from __future__ import annotations

import os
from typing import Any

import grpc
from ray._common.tls_utils import load_certs_from_env
from ray._private.ray_constants import GLOBAL_GRPC_OPTIONS
from ray.core.generated import gcs_service_pb2, gcs_service_pb2_grpc

_MESSAGES: Any = gcs_service_pb2  # classes that protobuf makes at import, where no type checker looks
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
    """Ask the cluster something without a token; return where that is refused.

    Args:
        address: host:port of its GCS.

    Raises:
        OpenToAll: it answers.
        ConnectionError: what is there does not answer as a Ray cluster does.
    """
    with _channel(address) as channel:
        ask = gcs_service_pb2_grpc.NodeInfoGcsServiceStub(channel).GetClusterId
        try:
            ask(_MESSAGES.GetClusterIdRequest(), timeout=_ANSWER_SECONDS)
        except grpc.RpcError as error:
            if error.code() in _REFUSED:
                return
            raise ConnectionError(f"what is there does not answer as a Ray cluster does ({error.details()})") from error
    raise OpenToAll


def _channel(address: str) -> grpc.Channel:
    """Return what Ray's own `init_grpc_channel` does, without the token."""
    if os.environ.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return grpc.insecure_channel(address, options=GLOBAL_GRPC_OPTIONS)
    certificate, key, authority = load_certs_from_env()
    credentials = grpc.ssl_channel_credentials(authority, key, certificate)
    return grpc.secure_channel(address, credentials, options=GLOBAL_GRPC_OPTIONS)
