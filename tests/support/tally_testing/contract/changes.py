"""What changed between two OpenAPI 3.1 documents; docs/api/versioning.md says what breaks."""

from collections.abc import Iterator
from typing import Any, Final

from tally_testing.contract.change import Change, Node, breaking, resolve
from tally_testing.contract.differences import differences
from tally_testing.contract.schemas import Comparison

_ERROR: Final = "4"


def openapi_changes(old: Node, new: Node) -> list[Change]:
    """Return every change: those that break a client first, then each difference of the text."""
    found = [*_schemes(old, new)]
    for path, before in old["paths"].items():
        for method, operation in before.items():
            place = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                found.append(breaking(place, "is gone"))
            else:
                found += _operation(place, (old, operation), (new, after))
    return [*dict.fromkeys(found), *differences(old, new)]


Side = tuple[Node, Node]
"""A document, and a part of it."""


def _operation(place: str, old: Side, new: Side) -> Iterator[Change]:
    before, after = old[1], new[1]
    if before["operationId"] != after["operationId"]:
        names = f"{after['operationId']}, not {before['operationId']}"
        yield breaking(place, f"the operation is named {names}")
    yield from _security(place, before.get("security", []), after.get("security", []))
    yield from _parameters(place, old, new)
    yield from _body(f"{place} body", old, new)
    yield from _answers(place, old, new)


def _security(place: str, old: list[Node], new: list[Node]) -> Iterator[Change]:
    for credentials in old or [{}]:
        if not any(_asks_no_more(other, credentials) for other in new or [{}]):
            named = ", ".join(f"{k} {' '.join(v)}".strip() for k, v in credentials.items())
            yield breaking(place, f"{named or 'nobody'} may no longer call")


def _asks_no_more(new: Node, old: Node) -> bool:
    return all(name in old and set(scopes) <= set(old[name]) for name, scopes in new.items())


def _schemes(old: Node, new: Node) -> Iterator[Change]:
    known = new.get("components", {}).get("securitySchemes", {})
    for name, scheme in old.get("components", {}).get("securitySchemes", {}).items():
        if name not in known:
            yield breaking(f"credentials {name}", "are gone")
        elif _wire(scheme) != _wire(known[name]):
            yield breaking(f"credentials {name}", "are sent in another way")


def _wire(scheme: Node) -> Node:
    """Return what a client depends on of a security scheme."""
    flows = {
        name: {key: url for key, url in flow.items() if key.endswith("Url")}
        for name, flow in scheme.get("flows", {}).items()
    }
    return {key: scheme.get(key) for key in ("type", "in", "name", "scheme")} | flows


def _parameters(place: str, old: Side, new: Side) -> Iterator[Change]:
    before, after = _by_name(*old), _by_name(*new)
    comparison = Comparison(old[0], new[0], request=True)
    for name, parameter in before.items():
        spot = f"{place} {name}"
        if name not in after:
            yield breaking(spot, "is gone")
            continue
        if any(parameter.get(key) != after[name].get(key) for key in ("style", "explode")):
            yield breaking(spot, "is spelled in another way")
        if after[name].get("required") and not parameter.get("required"):
            yield breaking(spot, "is required now")
        yield from comparison.changes(spot, parameter["schema"], after[name]["schema"])
    for name in after.keys() - before.keys():
        if after[name].get("required"):
            yield breaking(f"{place} {name}", "is required, and new")


def _by_name(document: Node, operation: Node) -> dict[str, Node]:
    found = [resolve(document, parameter) for parameter in operation.get("parameters", ())]
    return {f"{parameter['in']} {parameter['name']}": parameter for parameter in found}


def _body(place: str, old: Side, new: Side) -> Iterator[Change]:
    before = resolve(old[0], old[1].get("requestBody", {}))
    after = resolve(new[0], new[1].get("requestBody", {}))
    if after.get("required") and not before.get("required"):
        yield breaking(place, "is required now")
    yield from _content(place, Comparison(old[0], new[0], request=True), before, after)


def _answers(place: str, old: Side, new: Side) -> Iterator[Change]:
    before, after = old[1]["responses"], new[1]["responses"]
    comparison = Comparison(old[0], new[0], request=False)
    for status, answer in before.items():
        spot = f"{place} {status}"
        if status not in after:
            yield breaking(spot, "is gone")
            continue
        was, now = resolve(old[0], answer), resolve(new[0], after[status])
        for name in was.get("headers", {}).keys() - now.get("headers", {}).keys():
            yield breaking(f"{spot} header {name}", "is gone")
        yield from _content(spot, comparison, was, now)
    for status in after.keys() - before.keys():
        if status < _ERROR:
            yield breaking(f"{place} {status}", "is new, and no error")


def _content(place: str, comparison: Comparison, old: Node, new: Node) -> Iterator[Change]:
    after: dict[str, Any] = new.get("content", {})
    for media_type, content in old.get("content", {}).items():
        if media_type not in after:
            yield breaking(f"{place} {media_type}", "is gone")
        elif "schema" in content:
            yield from comparison.changes(place, content["schema"], after[media_type]["schema"])
