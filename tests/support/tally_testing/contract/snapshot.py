"""The contract as it is committed, beside what the application says."""

import json
from pathlib import Path
from typing import Final

from starlette.routing import Mount

from orders_api.app import create_app
from orders_api.openapi import Api
from tally_testing.contract.change import Node

SNAPSHOT: Final = Path(__file__).parents[4] / "docs" / "api" / "openapi.json"


def current() -> Node:
    """Return the document of /v1."""
    (api,) = (route.app for route in create_app().routes if isinstance(route, Mount))
    assert isinstance(api, Api)
    document: Node = json.loads(api.openapi_json)
    return document


def text_of(document: Node) -> str:
    """Return a document as it is committed."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
