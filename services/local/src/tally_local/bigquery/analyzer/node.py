from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.message import Message


def _concrete(message: Message) -> Message:
    while (which := _chosen(message)) is not None:
        message = getattr(message, which)
    return message


def _chosen(message: Message) -> str | None:
    names = message.DESCRIPTOR.oneofs_by_name
    return message.WhichOneof("node") if "node" in names else None


class Node:
    """A node of Google's syntax or resolved tree, without its wrapping.

    The protos wrap every node in `Any…` and hide inherited fields under `parent`; attributes here
    reach through both. Reading a missing child gives None, a repeated one gives a list.
    """

    __slots__ = ("_levels", "kind")

    def __init__(self, message: Message) -> None:
        inner = _concrete(message)
        self.kind = inner.DESCRIPTOR.name.removesuffix("Proto")
        self._levels = list(_chain(inner))

    def __getattr__(self, name: str) -> Any:
        for level in self._levels:
            field = level.DESCRIPTOR.fields_by_name.get(name)
            if field is None:
                continue
            if field.is_repeated:
                return [_wrapped(item) for item in getattr(level, name)]
            if field.message_type is not None and not level.HasField(name):
                return None
            return _wrapped(getattr(level, name))
        raise AttributeError(f"{self.kind} has no {name}")

    @property
    def message(self) -> Message:
        """The message itself."""
        return self._levels[0]

    def raw(self, name: str) -> Any:
        """Return a field's message as it is, without a wrapper."""
        for level in self._levels:
            if name in level.DESCRIPTOR.fields_by_name:
                return getattr(level, name)
        raise AttributeError(f"{self.kind} has no {name}")

    def has(self, name: str) -> bool:
        """Whether the node carries this field at all."""
        return any(
            name in level.DESCRIPTOR.fields_by_name and level.HasField(name)
            for level in self._levels
        )

    def enum(self, name: str) -> str:
        """Return the name of an enumerated field's value."""
        for level in self._levels:
            field = level.DESCRIPTOR.fields_by_name.get(name)
            if field is not None and field.enum_type is not None:
                return str(field.enum_type.values_by_number[getattr(level, name)].name)
        raise AttributeError(f"{self.kind} has no {name}")

    def span(self) -> tuple[int, int]:
        """Return the byte range of a syntax node in its statement."""
        base = self._levels[-1]
        place = base.parse_location_range  # type: ignore[attr-defined]  # the root of every node
        return place.start, place.end

    def children(self) -> Iterator[Node]:
        """Yield every node directly below this one."""
        for level in self._levels:
            for field, value in level.ListFields():
                if field.message_type is None or field.name == "parent":
                    continue
                items: Iterable[Message] = value if field.is_repeated else (value,)
                yield from (Node(item) for item in items)


def _chain(message: Message) -> Iterator[Message]:
    yield message
    while "parent" in message.DESCRIPTOR.fields_by_name:
        message = message.parent  # type: ignore[attr-defined]  # the line above has it
        yield message


def _wrapped(value: object) -> object:
    return Node(value) if isinstance(value, Message) else value


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all that is below it."""
    yield node
    for child in node.children():
        yield from walk(child)
