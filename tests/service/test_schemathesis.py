"""The whole interface under generated requests: no 500, and every answer as the OpenAPI document says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import one_of
from pydantic import SecretStr
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from grokscale.service.app import create_app
from grokscale.service.studies.submission import resources
from grokscale.studies import spec as specification
from grokscale.studies.plan import plan
from grokscale.studies.settings import Settings
from grokscale.studies.store import RunnerInfo, Store, open_store
from tests.service.conftest import SPEC
from tests.service.outcomes import outcome_of

EXAMPLES = 20
"""For each operation: about twenty seconds in all."""

KEY = "a-key-for-generated-requests"

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Iterator[BaseSchema]:
    """The schema of an application with one ended study."""
    directory = tmp_path_factory.mktemp("fuzzed")
    shutil.copy(migrated, directory / "grokscale.db")
    # a server with keys, since the generator's name for it is none of this machine's
    configured = Settings(data_dir=directory, api_keys=SecretStr(KEY))
    store = open_store(configured.url)
    KNOWN["study_id"] = ended_study(store, configured)
    KNOWN["name"] = "quickstart"
    KNOWN["trial_id"] = store.trials(KNOWN["study_id"]).items[0].id
    yield schemathesis.openapi.from_asgi("/openapi.json", create_app(configured, store))
    store.close()


KNOWN: dict[str, str] = {}
"""Names of what is there, by path parameter."""


def ended_study(store: Store, configured: Settings) -> str:
    spec = specification.parse(SPEC)
    study = store.add_study(spec, plan(spec, resources(store, configured)), versions={})
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
    lease = store.claim("runner-1", 60.0)
    assert lease is not None
    for pack in store.open_packs(lease):
        store.commit(lease, pack.id, [outcome_of(trial) for trial in store.pack_trials(pack.id)], 1, "here")
        store.end_pack(lease, pack.id)
    store.finish(lease)
    return study.id


def operations() -> list[str]:
    """Return the labels of all operations: they depend on no settings."""
    paths = create_app(Settings()).openapi()["paths"]
    return [f"{method.upper()} {path}" for path, found in paths.items() for method in found]


@pytest.mark.parametrize("label", operations())
def test_every_answer_is_as_documented(api: BaseSchema, label: str) -> None:
    operation = api.find_operation_by_label(label)
    assert operation is not None
    modes = [operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=one_of(*modes))
    def every_answer(case: Case) -> None:
        for name, known in KNOWN.items():
            # every other request is about something that is there
            if name in case.path_parameters and case.method != "DELETE" and len(case.path_parameters[name]) % 2:
                case.path_parameters[name] = known
        case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {KEY}"})

    every_answer()
