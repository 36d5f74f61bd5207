"""Entity tags, and the conditions that requests make on them (RFC 9110, 8.8.3 and 13.1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

from orders.problems import BadRequest
from orders_api.problems import clip

Field = Literal["If-Match", "If-None-Match"]

# An element of a list, which may be empty (RFC 9110, 5.6.1). Possessive: no input is read twice.
_ELEMENT: Final = re.compile(r'[ \t]*+(?P<tag>(?:W/)?"[\x21\x23-\x7e\x80-\xff]*+")?[ \t]*+(?:,|\Z)')


def entity_tag(version: int) -> str:
    """Return the strong entity tag of a version."""
    return f'"{version}"'


@dataclass(frozen=True)
class EntityTags:
    """What a condition names: some tags, or with `*` whatever there is."""

    tags: frozenset[str]
    every: bool = False

    @classmethod
    def parse(cls, field: Field, lines: Sequence[str]) -> Self:
        """Read the lines of a header field, which together are one list.

        Raises:
            BadRequest: They are neither `*` nor a list of entity tags.
        """
        value = ", ".join(lines)
        if value.strip(" \t") == "*":
            return cls(frozenset(), every=True)
        tags, place = set(), 0
        while place < len(value):
            element = _ELEMENT.match(value, place)
            if element is None:
                raise _unreadable(field, value[place:])
            tags.add(element["tag"])
            place = element.end()
        return cls(frozenset(tags - {None}))

    def include(self, tag: str, *, weakly: bool = False) -> bool:
        """Tell whether a strong tag is among them; weakly, its weak twin stands for it too."""
        return self.every or tag in self.tags or (weakly and f"W/{tag}" in self.tags)


@dataclass(frozen=True)
class Preconditions:
    """What must hold of the state a request meets, or it is not carried out."""

    if_match: EntityTags | None = None
    if_none_match: EntityTags | None = None

    def failed(self, tag: str) -> Field | None:
        """Return the first condition that does not hold where `tag` is current (13.2.2)."""
        if self.if_match is not None and not self.if_match.include(tag):
            return "If-Match"
        if self.if_none_match is not None and self.if_none_match.include(tag, weakly=True):
            return "If-None-Match"
        return None


def _unreadable(field: Field, rest: str) -> BadRequest:
    return BadRequest(
        f"{field} cannot be read from here on: {clip(rest.lstrip(), 40)}. Send * alone, or entity"
        ' tags in double quotes with commas between them, like "1", "2".'
    )
