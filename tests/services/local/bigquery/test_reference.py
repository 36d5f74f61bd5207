"""Expressions answered here and by Google's reference implementation, which must agree.

The reference comes with the analyzer; it computes in memory, from Google's own code.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as language_pb2

from tally_local.bigquery.analyzer.wasm import AnalyzerRefusalError, WasmRuntime

EXPRESSIONS = [
    line
    for line in Path(__file__).with_name("expressions.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
FAILED = "fails"


class Reference:
    """Google's reference implementation, one expression at a time."""

    def __init__(self) -> None:
        self.runtime = WasmRuntime(Path(get_wasm_path()))
        request = service.LanguageOptionsRequest(maximum_features=True)
        language = self.runtime.call(
            "GetLanguageOptions", request, options_pb2.LanguageOptionsProto
        )
        language.product_mode = language_pb2.PRODUCT_EXTERNAL
        self.options = options_pb2.AnalyzerOptionsProto(
            default_timezone="UTC", language_options=language
        )
        self.catalog = simple_catalog_pb2.SimpleCatalogProto(name="reference")
        self.catalog.builtin_function_options.language_options.CopyFrom(language)

    def text(self, expression: str) -> str | None:
        request = service.EvaluateQueryRequest(
            sql=f"SELECT CAST(({expression}) AS STRING)",
            options=self.options,
            simple_catalog=self.catalog,
        )
        try:
            answer = self.runtime.call("EvaluateQuery", request, service.EvaluateQueryResponse)
        except AnalyzerRefusalError:
            return FAILED
        cell = answer.content.table_data.row[0].cell[0]
        return str(cell.string_value) if cell.WhichOneof("value") else None


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference()


def here(client: bigquery.Client, expression: str) -> str | None:
    try:
        (row,) = client.query(f"SELECT CAST(({expression}) AS STRING)").result()
    except BadRequest:
        return FAILED
    return row[0] if row[0] is None else str(row[0])


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression(client: bigquery.Client, reference: Reference, expression: str) -> None:
    assert here(client, expression) == reference.text(expression)


AMOUNTS = st.decimals("-1e9", "1e9", places=9, allow_nan=False).map(lambda n: f"NUMERIC '{n:f}'")
FUNCTIONS = ["{} + {}", "{} * {}", "DIV({}, {})", "MOD({}, {})", "{} / {}"]
INTEGERS = st.integers(-(2**63) + 1, 2**63 - 1).map(lambda n: f"({n})")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(left=AMOUNTS, right=AMOUNTS, operator=st.sampled_from("+-*/"))
def test_numeric_arithmetic(
    client: bigquery.Client, reference: Reference, left: str, right: str, operator: str
) -> None:
    expression = f"{left} {operator} {right}"
    assert here(client, expression) == reference.text(expression)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(left=INTEGERS, right=INTEGERS, function=st.sampled_from(FUNCTIONS))
def test_integer_arithmetic(
    client: bigquery.Client, reference: Reference, left: str, right: str, function: str
) -> None:
    expression = function.format(left, right)
    assert here(client, expression) == reference.text(expression)
