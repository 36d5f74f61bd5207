"""A change of a contract, and how its documents are read."""

from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One change: where, what, and whether a client that works may fail of it."""

    path: str
    what: str
    breaking: bool

    def __str__(self) -> str:
        return f"{'BREAKING ' if self.breaking else ''}{self.path}: {self.what}"


def breaking(path: str, what: str) -> Change:
    """Return a change that a client may fail of."""
    return Change(path, what, breaking=True)


def resolve(document: Node, node: Node) -> Node:
    """Return a node with what it refers to in it; what stands beside the reference wins."""
    while reference := node.get("$ref"):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target | {key: value for key, value in node.items() if key != "$ref"}
    return node
