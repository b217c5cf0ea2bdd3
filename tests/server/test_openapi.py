"""The server keeps to its own OpenAPI document, whatever is sent."""

from typing import Any

import pytest

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")


@pytest.mark.parametrize("examples", [10, pytest.param(300, marks=pytest.mark.slow)])
def test_every_answer_is_one_that_the_document_promises(address: str, examples: int) -> None:
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert [operation.label for operation in operations] == [
        "POST /predict", "POST /explain", "GET /health", "GET /model"
    ]  # fmt: skip
    for operation in operations:

        @settings(
            max_examples=examples,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        @given(case=operation.as_strategy())
        def keeps_to_it(case: Any) -> None:
            # What bytes are an image, no document can say: these get a 422.
            case.call_and_validate(excluded_checks=[checks.positive_data_acceptance])

        keeps_to_it()
