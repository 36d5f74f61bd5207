"""Creating orders: a batch with its keys, lines and changes in one statement, each row for itself.

The batch travels as one JSON text and the outcomes come back as one text: pg8000 is pure Python,
and a value costs it more than a row costs Postgres.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple, Self

from orders.problems import Problem, Unavailable, Unprocessable
from orders_api.clients.transactions import Session
from orders_api.problems import invalid
from orders_api.schemas.caller import Caller
from orders_api.schemas.order import NewOrder
from orders_api.services import idempotency
from orders_api.services.idempotency import IdempotencyKey
from orders_api.services.order_writes import OrderDocument
from orders_api.services.rendering import LINES, ORDER, SEPARATOR, as_json

OPERATION: Final = "POST /orders"

_LOCK: Final = """
    SELECT coalesce(string_agg(place, ','), '') FROM (
        SELECT CAST(place - 1 AS text) AS place,
            pg_try_advisory_xact_lock(CAST(id AS bigint)) AS got
        FROM json_array_elements_text(CAST(:locks AS json)) WITH ORDINALITY AS asked (id, place)
    ) AS tried WHERE NOT got"""

_WRITE: Final = f"""
    WITH clock AS MATERIALIZED (SELECT tally_now() AS now),
    given AS MATERIALIZED (
        SELECT * FROM ROWS FROM (json_to_recordset(CAST(:orders AS json)) AS (
            customer_id bigint, total_cents bigint, region text, status text, currency text,
            metadata jsonb, created_at timestamptz, lines json, changed_by text, trace_id text,
            key text, fingerprint text)) WITH ORDINALITY AS given (
            customer_id, total_cents, region, status, currency, metadata, created_at, sent_lines,
            changed_by, trace_id, key, fingerprint, n)),
    sent AS MATERIALIZED (
        SELECT given.n, sent.* FROM given CROSS JOIN LATERAL ROWS FROM (
            json_to_recordset(sent_lines) AS (
                item_id bigint, quantity integer, unit_price_cents bigint))
            WITH ORDINALITY AS sent (item_id, quantity, unit_price_cents, line_no)),
    -- Held until the commit, so that none is deleted before. Whoever deletes one may do so for
    -- long: a batch does not wait, or all in it would.
    held AS MATERIALIZED (
        SELECT id FROM items WHERE id IN (SELECT item_id FROM sent) FOR KEY SHARE SKIP LOCKED),
    line AS MATERIALIZED (
        SELECT sent.*, CASE WHEN held.id IS NULL
            THEN CASE WHEN items.id IS NULL THEN 'I' ELSE 'B' END END AS fault
        FROM sent LEFT JOIN held ON held.id = item_id LEFT JOIN items ON items.id = item_id),
    with_lines AS MATERIALIZED (SELECT n, {LINES} AS lines FROM line GROUP BY n),
    bad_items AS MATERIALIZED (
        SELECT n, coalesce('I' || string_agg(CAST(line_no - 1 AS text), ',' ORDER BY line_no)
            FILTER (WHERE fault = 'I'), 'B') AS verdict
        FROM line WHERE fault IS NOT NULL GROUP BY n),
    read AS MATERIALIZED (
        SELECT given.*, CASE
            WHEN kept.expires_at > now AND kept.fingerprint = given.fingerprint
                THEN 'R' || kept.order_id || ' ' || kept.answer
            WHEN kept.expires_at > now THEN 'M'
            WHEN created_at > now THEN 'F'
            WHEN currencies.code IS NULL THEN 'U'
            ELSE bad_items.verdict END AS verdict
        FROM given CROSS JOIN clock
        LEFT JOIN idempotency_keys AS kept ON kept.caller = given.changed_by
            AND kept.key = given.key
        LEFT JOIN currencies ON currencies.code = given.currency
        LEFT JOIN bad_items USING (n)),
    -- The planner takes half of the rows to be accepted, and almost none to have no verdict.
    judged AS MATERIALIZED (SELECT *, verdict IS NULL AS accepted FROM read),
    created AS (
        INSERT INTO orders (customer_id, total_cents, currency, region, status, metadata,
            created_at, updated_at, changed_by, trace_id)
        SELECT customer_id, total_cents, currency, region, status, metadata,
            coalesce(created_at, now), now, changed_by, trace_id
        FROM judged CROSS JOIN clock WHERE accepted ORDER BY n
        RETURNING *),
    -- Ids rise in the order of the rows.
    placed AS (
        SELECT accepted.n, key, fingerprint, lines, created.*
        FROM (SELECT row_number() OVER (ORDER BY n) AS place, * FROM judged WHERE accepted)
            AS accepted
        JOIN (SELECT row_number() OVER (ORDER BY id) AS place, * FROM created) AS created
            USING (place, customer_id, total_cents)
        LEFT JOIN with_lines USING (n)),
    shown AS MATERIALIZED (
        SELECT n, id, changed_by, key, fingerprint, CAST({as_json(ORDER)} AS text) AS body
        FROM placed),
    kept_lines AS (
        INSERT INTO order_lines (order_id, line_no, item_id, quantity, unit_price_cents)
        SELECT shown.id, line_no, item_id, quantity, unit_price_cents
        FROM shown JOIN line USING (n)),
    -- A key whose time is over is taken anew, though somebody may be purging it at this moment.
    -- One whose time is not over came up behind our back: no answer is an error, and no order.
    kept_keys AS (
        INSERT INTO idempotency_keys AS kept
            (caller, key, fingerprint, order_id, answer, expires_at)
        SELECT changed_by, key, fingerprint, id, body,
            now + interval '{idempotency.KEPT.total_seconds():.0f} s'
        FROM shown CROSS JOIN clock WHERE key IS NOT NULL
        ON CONFLICT (caller, key) DO UPDATE SET
            fingerprint = excluded.fingerprint, order_id = excluded.order_id,
            answer = CASE WHEN kept.expires_at <= (SELECT now FROM clock) THEN excluded.answer END,
            expires_at = excluded.expires_at)
    SELECT string_agg(outcome, chr(30) ORDER BY n) FROM (
        SELECT n, verdict AS outcome FROM judged WHERE NOT accepted
        UNION ALL SELECT n, 'C' || id || ' ' || body FROM shown) AS all_outcomes"""


class NewOrderRequest(NamedTuple):
    """An order that a caller wants created, once if it comes with a key."""

    content: str
    """The order's canonical JSON."""
    order: NewOrder
    caller: Caller
    key: IdempotencyKey | None

    @classmethod
    def of(cls, order: NewOrder, caller: Caller, key: str | None = None) -> Self:
        """Return the request for this order, known by this key of its caller if there is one."""
        known_by = None
        if key is not None:
            # Without defaults, or a new optional field would make every old request another one.
            said = order.model_dump_json(exclude_defaults=True)
            known_by = IdempotencyKey.of(caller.name, key, OPERATION, said.encode())
        return cls(order.model_dump_json(), order, caller, known_by)

    def text(self) -> str:
        """Return it as JSON for the statement."""
        attribution = {
            "changed_by": self.caller.name,
            "trace_id": self.caller.trace_id,
            "key": self.key and self.key.key,
            "fingerprint": self.key and self.key.fingerprint,
        }
        return f"{self.content[:-1]},{json.dumps(attribution)[1:]}"


class Created(NamedTuple):
    """An order that was created, now or by an earlier request with the same key."""

    document: OrderDocument
    replayed: bool


def write(session: Session, requests: Sequence[NewOrderRequest]) -> list[Created | Exception]:
    """Create orders in the transaction at hand; of each the outcome, in their order.

    A request whose key is being used at this moment, by an earlier one of the batch or by
    another transaction, is told to come back.
    """
    outcomes: list[Created | Exception | None] = [None] * len(requests)
    for place in _in_progress(session, requests):
        outcomes[place] = idempotency.in_progress()
    places = [place for place, outcome in enumerate(outcomes) if outcome is None]
    if places:
        orders = ",".join(requests[place].text() for place in places)
        [[text]] = session.run(_WRITE, orders=f"[{orders}]")
        for place, outcome in zip(places, text.split(SEPARATOR), strict=True):
            outcomes[place] = _READ[outcome[0]](outcome[1:])
    return [outcome for outcome in outcomes if outcome is not None]


def _in_progress(session: Session, requests: Sequence[NewOrderRequest]) -> list[int]:
    """Take the locks of the batch's keys; return the places of those that are not to be had."""
    first: dict[int, int] = {}
    taken = []
    for place, request in enumerate(requests):
        if request.key is not None and first.setdefault(request.key.lock, place) != place:
            taken.append(place)
    if first:
        locks = sorted(first)
        [[refused]] = session.run(_LOCK, locks=json.dumps(locks))
        taken += [first[locks[int(place)]] for place in refused.split(",") if place]
    return taken


def _created(text: str, *, replayed: bool = False) -> Created:
    order_id, body = text.split(" ", 1)
    return Created(OrderDocument(int(order_id), 1, body), replayed)


def _unknown_items(text: str) -> Problem:
    return Unprocessable(
        "A value in the request is not valid.",
        errors=[
            {"pointer": f"/lines/{index}/item_id", "detail": "There is no such item"}
            for index in text.split(",")
        ],
    )


_READ: Final[dict[str, Callable[[str], Created | Exception]]] = {
    "C": _created,
    "R": partial(_created, replayed=True),
    "M": lambda _: idempotency.mismatch(),
    "F": lambda _: invalid("/created_at", "It lies in the future"),
    "U": lambda _: invalid("/currency", "There is no such currency in ISO 4217"),
    "I": _unknown_items,
    "B": lambda _: Unavailable(
        "An item of the order is being deleted; nothing was written.", retry_after_s=1
    ),
}
"""How each outcome that the statement tells by its first letter is read."""
