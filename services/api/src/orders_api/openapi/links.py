"""Where an answer leads: which operations take what it holds."""

from collections.abc import Mapping
from typing import Any, Final

from orders_api.openapi.operations import Document, operations

_ID: Final = "$response.body#/id"
_ETAG: Final = {"If-Match": "$response.header.ETag"}
_ORDER: Final = {"order_id": _ID}
_SAME_ORDER: Final = {"order_id": "$request.path.order_id"}
_ITEM: Final = {"item_id": _ID}
_USER: Final = {"user_id": _ID}
_SAME_ITEM: Final = {"item_id": "$request.path.item_id"}
_NEXT: Final = {"cursor": "$response.body#/next_cursor"}

Parameters = Mapping[str, str]

_OF_AN_ORDER: Final[dict[str, Parameters]] = {
    "get_order": _ORDER,
    "get_order_history": _ORDER,
    "change_order_status": _ORDER | _ETAG,
    "delete_order": _ORDER | _ETAG,
}
_OF_AN_ITEM: Final[dict[str, Parameters]] = dict.fromkeys(
    ("get_item", "replace_item", "change_item", "delete_item"), _ITEM
)

LINKS: Final[dict[tuple[str, str], dict[str, Parameters]]] = {
    ("create_order", "201"): _OF_AN_ORDER,
    ("get_order", "200"): _OF_AN_ORDER,
    ("change_order_status", "200"): _OF_AN_ORDER,
    ("delete_order", "204"): {"get_order_history": _SAME_ORDER},
    ("get_order_history", "200"): {"get_order_history": _SAME_ORDER | _NEXT},
    ("list_orders", "200"): {
        "list_orders": _NEXT,
        "get_order": {"order_id": "$response.body#/orders/0/id"},
    },
    ("create_item", "201"): _OF_AN_ITEM,
    ("replace_item", "200"): _OF_AN_ITEM,
    ("change_item", "200"): _OF_AN_ITEM,
    ("delete_item", "204"): {"get_item": _SAME_ITEM},
    ("create_user", "201"): {"get_user": _USER, "change_user": _USER},
    ("change_user", "200"): {"get_user": _USER},
    ("list_users", "200"): {
        "list_users": _NEXT,
        "get_user": {"user_id": "$response.body#/users/0/id"},
    },
    ("create_api_key", "201"): {"revoke_api_key": {"key_id": _ID}},
    ("list_api_keys", "200"): {"list_api_keys": _NEXT},
    ("list_items", "200"): {
        "list_items": _NEXT,
        "get_item": {"item_id": "$response.body#/items/0/id"},
    },
}
"""By operation and status: the operations that follow, and what they take from the answer."""


def complete(document: Document) -> None:
    """Add the links.

    Raises:
        KeyError: A link begins or ends at an operation or answer that is not there.
    """
    by_id = {operation["operationId"]: operation for operation in operations(document)}
    for (source, status), targets in LINKS.items():
        answer: dict[str, Any] = by_id[source]["responses"][status]
        answer["links"] = {
            target: {"operationId": by_id[target]["operationId"], "parameters": dict(parameters)}
            for target, parameters in targets.items()
        }
