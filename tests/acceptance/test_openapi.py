"""Whatever the API's own description lets one ask, it answers as described: no failure of the server, no status that is not told.

Schemathesis makes the requests out of /api/openapi.json, good ones and bad ones; with a token that may do everything, and with none.
A group of operations is a test: one that fails names its group, and none takes longer because there are more commands.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from apps.registry import GROUPS
from tests.acceptance.kinofarm import Kinofarm

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@pytest.fixture(scope="module")
def described(farm: Kinofarm) -> Any:
    """The API as it describes itself, without what never ends."""
    schema = schemathesis.openapi.from_url(f"{farm.page}/api/openapi.json")
    return schema.exclude(path_regex="/events")


def _asked(described: Any, group: str, examples: int, look: Callable[[Any], None]) -> list[str]:
    """Make requests to every operation of a group; return what was not as it should be."""
    wrong = []
    for found in described.include(tag=group).get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
            | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        )
        def ask(case: Any) -> None:
            look(case)

        try:
            ask()
        except (Exception, BaseExceptionGroup) as error:  # one operation's failure hides no other's
            wrong.append(f"{operation.method.upper()} {operation.path}: {error}")
    return wrong


@pytest.mark.parametrize("examples", [15, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(1800)])])
@pytest.mark.parametrize("group", GROUPS)
def test_every_answer_is_as_the_api_describes_it(described: Any, farm: Kinofarm, group: str, examples: int) -> None:
    token = (farm.home / "admin.token").read_text().strip()

    def look(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS, timeout=60)

    wrong = _asked(described, group, examples, look)
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("group", GROUPS)
def test_without_a_token_every_answer_is_that_one_is_needed(described: Any, group: str) -> None:
    def look(case: Any) -> None:
        answer = case.call(timeout=60)
        if not case.path.endswith("/health"):
            assert answer.status_code in (401, 405, 422), answer.text
        case.validate_response(answer, checks=CHECKS)

    wrong = _asked(described, group, 4, look)
    assert not wrong, "\n\n".join(wrong)


def test_every_operation_is_in_one_of_the_groups_that_are_asked(described: Any) -> None:
    tags = [found.ok().tags for found in described.get_all_operations()]
    assert tags
    assert [tag for tag in tags if tag is None or len(tag) != 1 or tag[0] not in GROUPS] == []


def test_the_description_is_openapi_three_one_with_an_example_of_every_body(farm: Kinofarm) -> None:
    found = httpx.get(f"{farm.page}/api/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None and "$ref" in json.dumps(body["schema"]):
                assert body.get("examples"), f"{method} {path} has no example"
