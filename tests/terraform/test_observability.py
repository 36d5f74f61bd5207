"""What the probes ask and look for is what the API has and answers."""

import json
import re
from http import HTTPStatus

from orders_api.routes.health import Health
from tally_testing.infra.docs import declared
from tally_testing.infra.terraform import MODULES, ROOT


def default_of_uptime(name: str) -> str:
    """Return a default of the variable `uptime`."""
    variables = declared("variable", (MODULES / "observability" / "variables.tf").read_text())
    (uptime,) = (variable for variable in variables if variable.name == "uptime")
    (quoted,) = re.findall(rf'{name} = optional\(string, ("(?:\\.|[^"\\])*")\)', uptime.type)
    return str(json.loads(quoted))


def test_the_probe_asks_for_a_page_that_the_api_has() -> None:
    contract = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text(encoding="utf-8"))
    answers = contract["paths"][default_of_uptime("path")]["get"]["responses"]
    assert {str(HTTPStatus.OK.value), str(HTTPStatus.SERVICE_UNAVAILABLE.value)} <= answers.keys()


def test_the_probe_looks_for_what_a_service_answers_that_is_well() -> None:
    assert default_of_uptime("content") in Health().model_dump_json()
