"""The process that watches a cluster: `python -m grokscale.studies.runner.watcher`, a child of the runner.

It connects as a driver does, to a cluster that asks for a token or is trusted without one. About once a second it
reports what the nodes have. It asks each node once for the versions that it runs. If the runner wants more nodes, it
asks for them by placement groups, which end with this process.
"""

from __future__ import annotations

import itertools
import logging
import os
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util import placement_group, remove_placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
from ruamel.yaml import YAML

from grokscale.studies.runner import connection, ray_private, trust
from grokscale.studies.runner.parent import die_with_parent
from grokscale.studies.runner.wire import Wire

BOOTSTRAP = Path("~/ray_bootstrap_config.yaml").expanduser()
_LOOK_SECONDS = 1.0
_REACH_SECONDS = 5.0
_FIRST_SECONDS = 60.0
"""After so long a cluster is used even if a node has not said what it runs, for which a worker has to start there."""
_MOST_ASKED = 64
"""Packs for which more nodes are asked at once; the others are asked for later."""


def main() -> None:
    """Watch until standard input ends or the cluster is gone."""
    wire = Wire()
    order = wire.receive()
    die_with_parent(order["parent"])
    try:
        address = _address(order["address"])
        _reach(address)
        if not order["trusted"]:
            trust.check(address)
        connection.connect(address, logging.ERROR)
    except Exception as error:
        wire.say(error=str(error).strip().partition("\n")[0])
        raise
    # what was found once is what drivers connect to
    wire.say(address=address)
    Watcher(wire).run()


def _address(given: str) -> str:
    """Return host:port of a cluster's GCS; `auto` is that of RAY_ADDRESS, or of this machine's cluster."""
    address = ray_private.address_of_this_machine() if given == "auto" else given
    if "://" in address:
        raise ValueError("ray:// is Ray Client's; give the address of its GCS (host:6379), on a node of the cluster")
    return address


def _reach(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _REACH_SECONDS).close()
    except (OSError, ValueError) as error:
        raise ConnectionError(f"nothing answers there ({error})") from error


class Watcher:
    """Reports what a cluster is; see the module.

    Args:
        wire: to the runner.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._wanted: list[Sequence[float]] = []
        self._asked: list[tuple[Sequence[float], Any]] = []
        self._misfit: dict[str, str | None] = {}
        """By id of each node that has answered: what does not fit; None: everything does."""
        self._answers: dict[Any, str] = {}
        self._since = time.monotonic()

    def run(self) -> None:
        """Look about once a second."""
        threading.Thread(target=self._listen, daemon=True, name="wire").start()
        for beat in itertools.count():
            self._look()
            self._say(beat)
            if not self._answers:  # to wait for those was pause enough
                time.sleep(_LOOK_SECONDS)

    def _listen(self) -> None:
        for message in self._wire.messages():
            self._wanted = message["wanted"]
        os._exit(0)

    def _look(self) -> None:
        self._alive = [node for node in ray.nodes() if node["Alive"]]
        self._ask_versions()
        self._ask_nodes()

    def _say(self, beat: int) -> None:
        unknown = "has not said yet what it runs" if time.monotonic() - self._since < _FIRST_SECONDS else None
        misfits = [(node["NodeName"], self._misfit.get(node["NodeID"], unknown)) for node in self._alive]
        self._wire.say(
            beat=beat,
            nodes=[_resources(node["Resources"]) for node in self._alive],
            most=_most(),
            misfit=next((f"node {name} {misfit}" for name, misfit in misfits if misfit), None),
        )

    def _ask_versions(self) -> None:
        """Ask each node once, and again if it did not fit: what it lacks may have been installed since."""
        for id in {node["NodeID"] for node in self._alive} - set(self._answers.values()):
            if self._misfit.get(id, "not asked yet"):
                here = NodeAffinitySchedulingStrategy(id, soft=False)
                task = ray.remote(num_cpus=0, max_retries=0)(_installed).options(scheduling_strategy=here)
                self._answers[task.remote()] = id
        if not self._answers:
            return
        ready, _ = ray.wait(list(self._answers), num_returns=len(self._answers), timeout=_LOOK_SECONDS)
        for answer in ready:
            id = self._answers.pop(answer)
            try:
                self._misfit[id] = _misfit(ray.get(answer))
            except RayError as error:
                self._misfit[id] = f"cannot run a task: {str(error).strip().splitlines()[-1]}"

    def _ask_nodes(self) -> None:
        """Keep a placement group for each pack that has no place; remove a group that has been placed, as it has
        served its purpose.
        """
        wanted = list(self._wanted[:_MOST_ASKED])
        kept = []
        for bundle, group in self._asked:
            if bundle in wanted and not group.wait(0):
                wanted.remove(bundle)
                kept.append((bundle, group))
            else:
                remove_placement_group(group)
        for bundle in wanted:
            needs = {"CPU": bundle[0], "GPU": bundle[1]}
            kept.append((bundle, placement_group([{name: value for name, value in needs.items() if value}])))
        self._asked = kept


def _resources(has: dict[str, float]) -> tuple[float, float]:
    return has.get("CPU", 0.0), has.get("GPU", 0.0)


def _most() -> list[tuple[float, float]]:
    """Return the nodes that the autoscaler may start; none if there is no autoscaler, or it does not say.

    The second version of Ray's autoscaler tells the cluster what it may start; for the first one only the file that
    `ray up` leaves on the head says so.
    """
    found = [_resources(has) for has, most in ray_private.node_groups() for _ in range(max(0, most))]
    return found or _most_by_file(BOOTSTRAP)


def _most_by_file(path: Path) -> list[tuple[float, float]]:
    if not path.exists():
        return []
    config = YAML(typ="safe", pure=True).load(path)
    types = config.get("available_node_types", {}).values()
    found = [_resources(each.get("resources", {})) for each in types for _ in range(each.get("max_workers", 0))]
    return sorted(found, reverse=True)[: config.get("max_workers", len(found))]


def _misfit(found: dict[str, str | None]) -> str | None:
    ours = _installed()
    for name, mine in ours.items():
        if found[name] != mine:
            has = f"{name} {found[name]}" if found[name] else f"no {name}"
            return f"has {has}, the runner has {mine}"
    return None


def _installed() -> dict[str, str | None]:
    """Return the versions that have to agree, by name. This function is pickled by value, as a node may lack
    grokscale.
    """
    import importlib.metadata
    import platform

    found: dict[str, str | None] = {"Python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("ray", "grokscale"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


if __name__ == "__main__":
    main()
