"""The whole interface under generated requests: no 500, and every answer as the OpenAPI document says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import CHECKS, not_a_server_error
from starlette.testclient import TestClient

from service.app import create_app
from studies.settings import Settings
from studies.store import open_store
from tests.service.conftest import BASE_URL

EXAMPLES = 25
"""For each operation: about half a minute in all."""

CONFORMANCE = CHECKS.get_by_names(
    [
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "unsupported_method",
        "allow_header_conformance",
    ]
)
