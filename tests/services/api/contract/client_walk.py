"""What a program does with the generated client; test_client.py runs it and checks its types."""

import sys
from io import BytesIO

from tally_client import AuthenticatedClient, Client
from tally_client.api.auth import create_token
from tally_client.api.items import create_item
from tally_client.api.orders import (
    change_order_status,
    create_order,
    get_order,
    get_order_history,
    import_orders,
    list_orders,
)
from tally_client.models import (
    CreateTokenBody,
    CreateTokenBodyGrantType,
    FieldError,
    History,
    ImportResult,
    Item,
    NewItem,
    NewLine,
    NewOrder,
    Order,
    OrderPage,
    OrderStatus,
    Problem,
    StatusChange,
    TokenAnswer,
)
from tally_client.types import File


def log_in(url: str, username: str, password: str) -> AuthenticatedClient:
    """Return a client that says who calls."""
    body = CreateTokenBody(CreateTokenBodyGrantType.PASSWORD, username=username, password=password)
    with Client(base_url=url) as client:
        answer = create_token.sync(client=client, body=body)
    assert isinstance(answer, TokenAnswer)
    return AuthenticatedClient(base_url=url, token=answer.access_token)


def walk(client: AuthenticatedClient) -> None:
    """Take an order through its life, and be told of every mistake."""
    item = create_item.sync(client=client, body=NewItem(name="widget", price=9.99))
    assert isinstance(item, Item)
    line = NewLine(item_id=item.id, quantity=2, unit_price_cents=999)
    new = NewOrder(customer_id=42, total_cents=1998, region="client", lines=[line])
    created = create_order.sync_detailed(client=client, body=new, idempotency_key="walk")
    order = created.parsed
    assert isinstance(order, Order)
    again = create_order.sync(client=client, body=new, idempotency_key="walk")
    assert again == order
    shown = get_order.sync_detailed(order.id, client=client)
    assert shown.parsed == order

    tag, paid = shown.headers["ETag"], StatusChange(status=OrderStatus.PAID)
    moved = change_order_status.sync(order.id, client=client, body=paid, if_match=tag)
    assert isinstance(moved, Order)
    assert (moved.status, moved.version) == (OrderStatus.PAID, 2)
    late = change_order_status.sync(order.id, client=client, body=paid, if_match=tag)
    assert isinstance(late, Problem)
    assert (late.status, late.current_version) == (412, 2)

    page = list_orders.sync(client=client, region="client", status=[OrderStatus.PAID], limit=1)
    assert isinstance(page, OrderPage)
    assert page.orders == [moved]
    history = get_order_history.sync(order.id, client=client)
    assert isinstance(history, History)
    assert [change.op.value for change in history.changes] == ["I", "U"]

    wrong = create_order.sync(client=client, body=NewOrder(customer_id=0, total_cents=1))
    assert isinstance(wrong, Problem)
    assert isinstance(wrong.errors, list)
    assert [e.pointer for e in wrong.errors if isinstance(e, FieldError)] == ["/customer_id"]
    lines = File(payload=BytesIO(b'{"customer_id": 1, "total_cents": 5}\n'))
    imported = import_orders.sync(client=client, body=lines)
    assert isinstance(imported, ImportResult)
    assert imported.imported == 1


if __name__ == "__main__":
    with log_in(*sys.argv[1:]) as authenticated:
        walk(authenticated)
