"""Whether a schema still fits those who know the old one.

A request may be taken that was refused before, never the other way round: what was valid stays
valid. An answer may hold less variety than before, never more: what comes was foreseen. So in
both cases one schema must lie inside the other, and only its fields have a rule of their own: an
answer may have new ones, for a client passes over what it does not know.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tally_testing.contract.change import Change, Node, breaking, resolve

_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_OPAQUE: Final = ("pattern", "format", "multipleOf", "const", "uniqueItems", "not", "allOf")
_UNIONS: Final = ("anyOf", "oneOf")


@dataclass(frozen=True)
class Comparison:
    """Two documents, and which of them must lie inside the other."""

    old: Node
    new: Node
    request: bool

    def changes(self, path: str, old: Node, new: Node) -> Iterator[Change]:
        """Yield what breaks between two schemas."""
        yield from self._compare(path, old, new, frozenset())

    def _compare(self, path: str, old: Any, new: Any, seen: frozenset[str]) -> Iterator[Change]:
        pair = f"{_name(old)} {_name(new)}"
        if pair in seen:
            return
        deeper = seen if pair == " " else seen | {pair}
        befores, afters = _forms(self.old, old), _forms(self.new, new)
        if set(befores) != set(afters):
            lost = set(befores) - set(afters) if self.request else set(afters) - set(befores)
            for kind in sorted(lost - (_numbers(befores, afters, request=self.request))):
                yield breaking(path, f"{kind} is {'no longer taken' if self.request else 'new'}")
        for kind in befores.keys() & afters.keys():
            yield from self._form(path, befores[kind], afters[kind], deeper)

    def _form(self, path: str, old: Node, new: Node, seen: frozenset[str]) -> Iterator[Change]:
        inner, outer = (old, new) if self.request else (new, old)
        for what in _values(inner, outer):
            yield breaking(path, what)
        if self.request and old.get("default") != new.get("default") and "default" in old:
            yield breaking(path, f"the default is {new.get('default')!r}, not {old['default']!r}")
        yield from self._fields(path, old, new, seen)
        for key in ("items", "additionalProperties", "propertyNames"):
            before, after = old.get(key), new.get(key)
            if isinstance(before, dict) and isinstance(after, dict):
                yield from self._compare(f"{path}/{key}", before, after, seen)
            elif self.request and after not in (None, True) and before != after:
                yield breaking(f"{path}/{key}", "is limited now")

    def _fields(self, path: str, old: Node, new: Node, seen: frozenset[str]) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            if name not in after:
                yield breaking(f"{path}/{name}", "is gone")
            else:
                yield from self._compare(f"{path}/{name}", before[name], after[name], seen)
        was, now = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(now - was if self.request else (was - now) & set(after)):
            what = "is required now" if self.request else "may be missing now"
            yield breaking(f"{path}/{name}", what)


def _values(inner: Node, outer: Node) -> Iterator[str]:
    """Yield why some value of one schema, types and fields aside, is none of the other."""
    for keys, sign in ((_UPPER, 1), (_LOWER, -1)):
        for key in keys:
            if key in outer and (key not in inner or sign * (inner[key] - outer[key]) > 0):
                yield f"{key} differs: {inner.get(key)} and {outer[key]}"
    for key in _OPAQUE:
        if key in outer and inner.get(key) != outer[key]:
            yield f"{key} differs: {inner.get(key)} and {outer[key]}"
    if "enum" in outer:
        missing = [value for value in inner.get("enum", ["any"]) if value not in outer["enum"]]
        if missing:
            yield f"enum differs by {', '.join(map(str, missing))}"


def _forms(document: Node, schema: Any) -> dict[str, Node]:
    """Return the forms that a value may have, by type; those of one type are told by number."""
    if not isinstance(schema, dict):
        return {"anything": {}} if schema is True else {}
    resolved = resolve(document, schema)
    parts = [part for union in _UNIONS for part in resolved.get(union, ())]
    if parts:
        forms: dict[str, Node] = {}
        for form in (each for part in parts for each in _forms(document, part).items()):
            name = form[0] if form[0] not in forms else f"{form[0]} ({len(forms) + 1})"
            forms[name] = form[1]
        return {name: form | _beside(resolved) for name, form in forms.items()}
    kinds = resolved.get("type", "anything")
    return dict.fromkeys([kinds] if isinstance(kinds, str) else kinds, resolved)


def _beside(union: Node) -> Node:
    return {"default": union["default"]} if "default" in union else {}


def _numbers(befores: Node, afters: Node, *, request: bool) -> set[str]:
    """Return `integer` where a number takes its place in the direction that is harmless."""
    return {"integer"} if "number" in (afters if request else befores) else set()


def _name(schema: Any) -> str:
    return str(schema.get("$ref", "")) if isinstance(schema, dict) else ""
