"""A Ray cluster that is not the runner's, in a process of its own: nodes come and go as they are told on its input.

    python foreign_cluster.py FOLDER

The first line of the output is the address. Each line of the input is a command: `add CPUS [PYTHONPATH]`, `kill` (the
node added last, without a word), `lose` (GCS and all), and each is answered by a line `done`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

LITTLE = {"object_store_memory": 100_000_000, "dashboard_agent_listen_port": 0}


class ForeignCluster:
    """The process, from the test's side."""

    def __init__(self, folder: Path, *cpus: int, open_to_all: bool = False) -> None:
        self._open_to_all = open_to_all
        self.token = folder / "cluster_token"
        self.token.write_text("f" * 64)
        folder.joinpath("ray").mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GROKSCALE_", "RAY_"))}
        command = [sys.executable, __file__, str(folder / "ray")]
        with open(folder / "foreign.log", "wb") as log:
            self._process = subprocess.Popen(
                command,
                env=kept | {"RAY_raylet_start_wait_time_s": "120", **self.admits()},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.address = self._answer()
        for some in cpus:
            self.tell(f"add {some}")

    def admits(self) -> dict[str, str]:
        """The environment that admits to it."""
        if self._open_to_all:
            return {"RAY_AUTH_MODE": "disabled"}
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(self.token)}

    def tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")
        self._process.stdin.flush()
        assert self._answer() == "done"

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()


def main(said: IO[str]) -> None:
    from ray.cluster_utils import Cluster

    from grokscale.studies.runner.environment import _RAY

    os.environ.update(_RAY)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **LITTLE})
    print(cluster.address, file=said, flush=True)
    nodes = []
    for line in sys.stdin:
        word, *arguments = line.split()
        if word == "add":
            cpus, *path = arguments
            env = {"env_vars": {"PYTHONPATH": path[0]}} if path else {}
            nodes.append(cluster.add_node(num_cpus=int(cpus), **LITTLE, **env))
        elif word == "kill":
            cluster.remove_node(nodes.pop(), allow_graceful=False)
        elif word == "lose":
            cluster.shutdown()
        print("done", file=said, flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Ray prints is for the log
    main(out)
