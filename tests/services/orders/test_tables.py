from datetime import UTC, datetime

from sqlmodel import Session, select

from orders.tables import Item, Order, OrderChange


def test_an_order_written_through_its_model_is_filled_and_logged(session: Session) -> None:
    order = Order(
        customer_id=1,
        total_cents=1999,
        currency="KWD",
        region="me-south",
        status="pending",
        metadata_={"gift": True},
        changed_by="alice",
        trace_id="t-1",
    )
    session.add(order)
    session.commit()
    assert order.id is not None
    assert order.version == 1
    assert order.created_at.astimezone(UTC) <= datetime.now(UTC)
    order.status, order.changed_by = "paid", "bob"
    session.commit()
    assert order.version == 2
    changes = session.exec(select(OrderChange).order_by("change_id")).all()
    assert [(one.op, one.version, one.status, one.changed_by) for one in changes] == [
        ("I", 1, "pending", "alice"),
        ("U", 2, "paid", "bob"),
    ]
    assert changes[0].metadata_ == {"gift": True}


def test_what_a_test_commits_in_its_session_is_gone_for_the_next(session: Session) -> None:
    assert session.exec(select(Order)).all() == []
    session.add(Item(name="widget", price_cents=999))
    session.commit()
    assert session.exec(select(Item.in_stock)).one() is True
