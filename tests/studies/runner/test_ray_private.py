"""What is used of Ray beside its public interface is as it was when it was last checked.

Where a test here fails after an upgrade of Ray: read what has changed, mend `ray_private`, run tests/studies/runner and
tests/faults, and name the new version in `CHECKED_WITH`.
"""

from __future__ import annotations

import ast
import inspect
import tomllib
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import ray
from packaging.requirements import Requirement

from grokscale.studies.runner import environment, ray_private
from grokscale.studies.worker import raytune

ROOT = Path(__file__).parents[3]
PRIVATE = ("ray._private", "ray._common", "ray._raylet", "ray.core")

USED = {
    "ray._private.node": ["Node"],
    "ray._private.parameter": ["RayParams"],
    "ray._private.services": ["get_node", "get_ray_address_from_environment", "resolve_ip_for_localhost"],
    "ray._private.grpc_utils": ["init_grpc_channel"],
    "ray._private.ray_constants": ["GLOBAL_GRPC_OPTIONS"],
    "ray._private.state": ["state"],
    "ray._common.tls_utils": ["load_certs_from_env"],
    "ray.core.generated": ["gcs_service_pb2", "gcs_service_pb2_grpc", "node_manager_pb2", "node_manager_pb2_grpc"],
    "ray.job_config": ["JobConfig"],
}
"""All that `ray_private` imports of Ray; `JobConfig` is public, and `_client_job` of it is not."""

TAKES = {
    "ray._private.node:Node.start_api_server": "(self, *, include_dashboard, raise_on_failure)",
    "ray._private.node:Node.dead_processes": "(self)",
    "ray._private.node:Node.get_resource_and_label_spec": "(self)",
    "ray._private.node:Node.kill_all_processes": "(self, check_alive=True, allow_graceful=False, wait=False)",
    "ray._private.services:get_node": "(gcs_address, node_id)",
    "ray._private.services:get_ray_address_from_environment": "(addr, temp_dir)",
    "ray._private.services:resolve_ip_for_localhost": "(host)",
    "ray._private.grpc_utils:init_grpc_channel": "(address, options=None, asynchronous=False, credentials=None)",
    "ray._private.state:state.get_cluster_config": "()",
    "ray._common.tls_utils:load_certs_from_env": "()",
}
"""Signatures, without their annotations."""

NAMED = {
    "ray._private.node:Node": {
        "head": False,
        "shutdown_at_exit": True,
        "spawn_reaper": True,
        "ray_init_cluster": False,
    },
    "ray._private.parameter:RayParams": {
        "num_cpus": None,
        "object_store_memory": None,
        "node_ip_address": None,
        "temp_dir": None,
        "no_monitor": False,
        "include_log_monitor": None,
        "include_dashboard": None,
        "dashboard_agent_listen_port": 52365,
    },
    "ray.job_config:JobConfig": {"_client_job": False},
}
"""Arguments that are given by name, with their defaults: of signatures with too many others."""

MESSAGES = {
    "node_manager_pb2:PrestartWorkersRequest": {"num_workers"},
    "gcs_service_pb2:GetClusterIdRequest": set(),
    "autoscaler_pb2:ClusterConfig": {"node_group_configs"},
    "autoscaler_pb2:NodeGroupConfig": {"resources", "max_count"},
}
"""Messages, and the fields that are written or read."""


def found(name: str) -> Any:
    """Return what `module:attribute.attribute` names."""
    module, _, path = name.partition(":")
    value = import_module(module)
    for attribute in path.split("."):
        value = getattr(value, attribute)
    return value


def test_the_installed_version_is_one_that_was_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = (Requirement(line) for line in settings["project"]["optional-dependencies"]["server"])
    (pin,) = [one.specifier for one in needed if one.name == "ray"]
    assert str(pin) in {f"=={checked}" for checked in ray_private.CHECKED_WITH}
    assert version("ray") in ray_private.CHECKED_WITH


def test_this_file_names_all_that_is_used() -> None:
    tree = ast.parse(Path(ray_private.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    used: dict[str, set[str]] = {}
    for node in imports:
        if node.module and node.module.partition(".")[0] == "ray":
            used.setdefault(node.module, set()).update(alias.name for alias in node.names)
    assert {module: sorted(names) for module, names in used.items()} == {m: sorted(names) for m, names in USED.items()}


def test_no_other_module_imports_it() -> None:
    files = [path for floor in ("service", "studies", "trainers") for path in (ROOT / floor).rglob("*.py")]
    using = {path.name for path in files for name in imported(path) if name.startswith(PRIVATE)}
    assert using == {"ray_private.py"}


def imported(path: Path) -> list[str]:
    """Return the full names of all that a file imports."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("name", [f"{module}:{name}" for module, names in USED.items() for name in names])
def test_it_is_there(name: str) -> None:
    module, _, attribute = name.partition(":")
    assert getattr(import_module(module), attribute, None) is not None or import_module(f"{module}.{attribute}")


@pytest.mark.parametrize(("name", "signature"), TAKES.items())
def test_its_signature_is_the_one_that_was_checked(name: str, signature: str) -> None:
    given = inspect.signature(found(name))
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in given.parameters.values()]
    assert str(given.replace(parameters=bare, return_annotation=inspect.Signature.empty)) == signature


@pytest.mark.parametrize(("name", "arguments"), NAMED.items())
def test_it_takes_these_arguments(name: str, arguments: dict[str, Any]) -> None:
    taken = inspect.signature(found(name)).parameters
    assert {each: taken[each].default for each in arguments if each in taken} == arguments


@pytest.mark.parametrize(("name", "fields"), MESSAGES.items())
def test_its_messages_have_these_fields(name: str, fields: set[str]) -> None:
    message = found(f"ray.core.generated.{name}").DESCRIPTOR
    assert fields <= set(message.fields_by_name)


def test_its_servers_answer_these_questions() -> None:
    services = {
        "node_manager_pb2:NodeManagerService": "PrestartWorkers",
        "gcs_service_pb2:NodeInfoGcsService": "GetClusterId",
    }
    for name, method in services.items():
        module, _, service = name.partition(":")
        assert hasattr(import_module(f"ray.core.generated.{module}_grpc"), f"{service}Stub")
        descriptor = import_module(f"ray.core.generated.{module}").DESCRIPTOR.services_by_name[service]
        assert method in descriptor.methods_by_name


def test_a_nodes_attributes_are_those_that_are_read() -> None:
    for attribute in ("gcs_address", "node_id", "node_ip_address"):
        assert isinstance(getattr(found("ray._private.node:Node"), attribute), property)
    spec = found("ray._private.resource_and_label_spec:ResourceAndLabelSpec")
    assert {"num_cpus", "num_gpus"} <= set(inspect.signature(spec).parameters)


def test_tune_lets_actors_be_made_without_a_variable_of_its_own() -> None:
    assert isinstance(raytune.class_cache.DEFAULT_ENV_VARS, dict)


def test_it_knows_the_settings_that_it_is_started_with() -> None:
    home = Path(ray.__file__).parent
    known = (home / "core" / "src" / "ray" / "raylet" / "raylet").read_bytes()
    known += b"".join(path.read_bytes() for part in ("_common", "_private", "tune") for path in sources(home / part))
    given = {*environment.of_driver(Path("token")), *environment.of_ray(Path("token"))}
    settings = {name for name in given if name.startswith(("RAY_", "TUNE_"))}
    assert len(settings) > 10
    assert [name for name in settings if name.removeprefix("RAY_").encode() not in known] == []


def sources(folder: Path) -> list[Path]:
    """Return the modules of a folder."""
    return [path for path in folder.rglob("*.py") if "tests" not in path.parts]
