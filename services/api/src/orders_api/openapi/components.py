"""What several operations answer alike, written once."""

from collections import Counter
from typing import Any, Final

import orjson

from orders.problems import CONTENT_TYPE
from orders_api.openapi.operations import Document, operations
from orders_api.problems import KINDS
from orders_api.routes.documentation import example

_TWICE: Final = 2


def share(document: Document) -> None:
    """Move examples of problems, and answers that occur twice, to `components`."""
    shared: dict[str, Any] = {}
    every = [operation["responses"] for operation in operations(document)]
    times = Counter(_key(answer) for answers in every for answer in answers.values())
    for answers in every:
        for status, answer in answers.items():
            if CONTENT_TYPE in answer.get("content", {}) and times[_key(answer)] >= _TWICE:
                name = "_".join(sorted(answer["content"][CONTENT_TYPE]["examples"]))
                if shared.setdefault(name, answer) == answer:
                    answers[status] = {"$ref": f"#/components/responses/{name}"}
    document["components"]["responses"] = shared
    document["components"]["examples"] = {slug: {"value": example(slug)} for slug in KINDS}


def _key(answer: dict[str, Any]) -> bytes:
    return orjson.dumps(answer, option=orjson.OPT_SORT_KEYS)
