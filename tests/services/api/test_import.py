"""Imports: whole or not at all, every bad line named."""

import gzip
import json
import zlib
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

CSV = "text/csv"
NDJSON = "application/x-ndjson"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def send(api: httpx.Client, content: Any, media_type: str = NDJSON, **options: Any) -> Any:
    headers = {"content-type": media_type} | options.pop("headers", {})
    return api.post("/orders:import", content=content, headers=headers, params=options)


def nd(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def row(**fields: Any) -> dict[str, Any]:
    return {"customer_id": 1, "total_cents": 100} | fields


def stored(api: httpx.Client) -> list[dict[str, Any]]:
    """All orders, oldest id first."""
    orders = api.get("/orders", params={"limit": 500}).json()["orders"]
    return sorted(orders, key=lambda order: int(order["id"]))


def whys(found: dict[str, Any]) -> list[tuple[int, str | None]]:
    return [(error["line"], error["field"]) for error in found["errors"]]


def test_ndjson_is_imported_in_its_order(fresh: httpx.Client) -> None:
    response = send(fresh, nd(row(total_cents=1), row(total_cents=2), row(total_cents=3)))
    assert response.status_code == 201
    assert response.json() == {"imported": 3, "skipped": 0, "errors": [], "errors_omitted": 0}
    assert [order["total_cents"] for order in stored(fresh)] == [1, 2, 3]


@pytest.mark.parametrize("media_type", ["application/ndjson", "application/jsonl", NDJSON])
def test_every_name_of_ndjson_is_taken(api: httpx.Client, media_type: str) -> None:
    assert send(api, nd(row()), f"{media_type}; charset=utf-8").json()["imported"] == 1


def test_every_field_is_kept_and_what_is_left_out_gets_its_default(fresh: httpx.Client) -> None:
    full = {
        "customer_id": 2**63 - 1,
        "total_cents": 10**15,
        "region": "eu-west",
        "status": "refunded",
        "currency": "KWD",
        "created_at": "1990-01-01T00:00:00.000001Z",
        "metadata": {
            "tab\t": 'back\\slash "quote"\nfeed\r',
            "null": "\\N",
            "ü": "😀",
            ".": "\\.",
        },
    }
    assert send(fresh, nd(full, row()), headers={"traceparent": f"00-{TRACE}-{'1' * 16}-01"}).json()
    first, second = stored(fresh)
    assert {name: first[name] for name in full} == full
    assert (first["exponent"], first["version"]) == (3, 1)
    defaults = {"region": "unknown", "status": "pending", "currency": "USD", "metadata": {}}
    assert {name: second[name] for name in defaults} == defaults
    assert (second["changed_by"], second["trace_id"]) == ("anonymous", TRACE)


def test_csv_and_ndjson_of_the_same_orders_import_the_same(fresh: httpx.Client) -> None:
    rows = [
        row(region="us-west", created_at="2020-01-01T00:00:00+02:00", metadata={"a": 'b,"c"'}),
        row(customer_id=2, status="paid", currency="JPY"),
    ]
    csv = (
        "created_at,customer_id,metadata,region,status,currency,total_cents\r\n"
        '2020-01-01T00:00:00+02:00,1,"{""a"": ""b,\\""c\\""""}",us-west,,,100\r\n'
        ",2,,,paid,JPY,100"
    )
    assert send(fresh, nd(*rows)).json()["imported"] == 2
    assert send(fresh, csv, CSV).json()["imported"] == 2
    orders = stored(fresh)
    same = ("customer_id", "total_cents", "region", "status", "currency", "metadata")
    assert [[order[name] for name in same] for order in orders[:2]] == [
        [order[name] for name in same] for order in orders[2:]
    ]
    assert orders[0]["created_at"] == orders[2]["created_at"] == "2019-12-31T22:00:00.000000Z"


def test_an_imported_order_has_one_change_stamped_now(fresh: httpx.Client, engine: Engine) -> None:
    send(fresh, nd(*[row(created_at="1997-01-01T00:00:00Z")] * 3))
    with engine.connect() as connection:
        changes = connection.execute(
            text(
                "SELECT op, version, count(*), min(changed_at) > now() - interval '1 minute'"
                " FROM order_changes GROUP BY op, version"
            )
        ).all()
    assert [tuple(change) for change in changes] == [("I", 1, 3, True)]


@pytest.mark.parametrize(
    "content", ["customer_id,total_cents", "\ufeffcustomer_id,total_cents\n\n"]
)
def test_a_header_alone_imports_nothing(api: httpx.Client, content: str) -> None:
    response = send(api, content, CSV)
    assert (response.status_code, response.json()["imported"]) == (201, 0)


@pytest.mark.parametrize("content", ["", "\n \n\r\n", "\ufeff"])
@pytest.mark.parametrize("on_error", ["refuse", "skip"])
def test_a_body_of_nothing_is_refused(
    api: httpx.Client, problem: Any, content: str, on_error: str
) -> None:
    found = problem(send(api, content, CSV, on_error=on_error))
    assert found["type"] == "/problems/import-refused"
    assert found["detail"] == "The header line is missing; nothing was imported."
    for body, headers in (
        (content.encode(), {}),
        (gzip.compress(content.encode()), {"content-encoding": "gzip"}),
    ):
        found = problem(send(api, body, on_error=on_error, headers=headers))
        assert found["type"] == "/problems/import-refused"
        assert found["detail"] == "The body is empty; nothing was imported."


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffcustomer_id,total_cents\n1,100\n",
        "\n\ncustomer_id,total_cents\n\n1,100\n\n",
        '"customer_id","total_cents"\r\n"1","100"',
        "total_cents,customer_id\n100,1",
    ],
)
def test_csv_is_read_in_all_its_usual_forms(fresh: httpx.Client, content: str) -> None:
    assert send(fresh, content, CSV).json()["imported"] == 1
    assert stored(fresh)[0]["total_cents"] == 100


BAD_LINES = nd(row()) + (
    '{"customer_id": 0, "total_cents": 19.99}\n'
    "\n"
    '{"customer_id": 1, "total_cents": 1, "total_cents": 2}\n'
    '{"customer_id": 1\n'
    "[1, 2]\n"
    '{"customer_id": 1, "total_cents": 1, "metadata": {"a": 1}, "colour": "red"}\n'
    '{"customer_id": 1, "total_cents": 1, "currency": "XXZ"}\n'
    '{"customer_id": 1, "total_cents": 1, "created_at": "2999-01-01T00:00:00Z"}\n'
    '{"customer_id": 1, "total_cents": 1, "created_at": "2020-01-01T00:00:00"}\n'
    '{"customer_id": 1, "total_cents": 1, "region": "a\\u0000"}\n'
    '{"customer_id": 1, "total_cents": NaN}\n'
    '{"customer_id": 1, "total_cents": 2}'
)
BAD_FIELDS = [
    (2, "customer_id"),
    (2, "total_cents"),
    (4, None),
    (5, None),
    (6, None),
    (7, "metadata/a"),
    (7, "colour"),
    (8, "currency"),
    (9, "created_at"),
    (10, "created_at"),
    (11, "region"),
    (12, None),
]


def test_one_bad_line_refuses_all_and_every_one_is_named(fresh: httpx.Client, problem: Any) -> None:
    found = problem(send(fresh, BAD_LINES))
    assert found["type"] == "/problems/import-refused"
    assert found["detail"] == "10 of 12 lines are bad; nothing was imported."
    assert whys(found) == BAD_FIELDS
    assert all(error["detail"] for error in found["errors"])
    assert stored(fresh) == []


def test_on_error_skip_keeps_the_good_lines_and_names_the_bad(fresh: httpx.Client) -> None:
    response = send(fresh, BAD_LINES, on_error="skip")
    assert response.status_code == 201
    found = response.json()
    assert (found["imported"], found["skipped"]) == (2, 10)
    assert whys(found) == BAD_FIELDS
    assert [order["total_cents"] for order in stored(fresh)] == [100, 2]


def test_bad_lines_of_csv_are_named(fresh: httpx.Client) -> None:
    content = (
        "customer_id,total_cents,metadata\n"  # 1
        "1,1,\n"
        "1,19.99,\n"  # 3
        "1,2\n"  # 4
        '1,3,"{""a"": ""b"",\n'  # 5
        '""c"": ""d""}"\n'  # 6
        "1,4,{a}\n"  # 7
        '1,5,"a"b\n'  # 8
        '1,6,"{}\n'  # 9
        "1,7,{}\n"
        "+1,1_0,\n"  # 11
        "\N{FULLWIDTH DIGIT ONE},1,\n"  # 12
        '1,8,"{""a""'  # 13
    )
    found = send(fresh, content, CSV, on_error="skip").json()
    assert found["errors"][4]["detail"].startswith("The cell cannot be read: not valid JSON")
    assert whys(found) == [
        (3, "total_cents"),
        (4, None),
        (5, None),
        (6, None),
        (7, "metadata"),
        (8, None),
        (9, None),
        (11, "customer_id"),
        (11, "total_cents"),
        (12, "customer_id"),
        (13, None),
    ]
    assert [order["total_cents"] for order in stored(fresh)] == [1, 7]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("customer_id,total_cents,regoin", "regoin"),
        ("customer_id,total_cents,region,region", "region"),
        ("customer_id,region", "total_cents"),
        ("customer_id, total_cents", " total_cents"),
        ("customer_id;total_cents", "customer_id;total_cents"),
        ("customer_id,total_cents,", ""),
        ('customer_id,"total_cents', None),
        ("customer_id,total_cents\xff", None),
    ],
)
def test_a_wrong_header_is_refused_even_when_bad_lines_are_skipped(
    api: httpx.Client, problem: Any, header: str, field: str | None
) -> None:
    content = f"{header}\n1,1,1\n".encode("latin-1")
    found = problem(send(api, content, CSV, on_error="skip"))
    assert found["type"] == "/problems/import-refused"
    assert field in {error["field"] for error in found["errors"]}
    assert {error["line"] for error in found["errors"]} == {1}


@pytest.mark.parametrize("media_type", [CSV, NDJSON])
def test_a_line_that_is_too_long_or_not_utf_8_spoils_only_itself(
    fresh: httpx.Client, media_type: str
) -> None:
    good = b'{"customer_id":1,"total_cents":7}' if media_type == NDJSON else b"1,7"
    first = good if media_type == NDJSON else b"customer_id,total_cents"
    lines = [first, b"x" * 70_000, good, b"\xff", b"y" * 3_000_000, good]
    found = send(fresh, b"\n".join(lines), media_type, on_error="skip").json()
    assert whys(found) == [(2, None), (4, None), (5, None)]
    assert {order["total_cents"] for order in stored(fresh)} == {7}


def test_a_quote_that_never_closes_costs_its_own_line_only(fresh: httpx.Client) -> None:
    content = "customer_id,total_cents\n" + "1,2\n" * 10 + '5,"1\n' + "1,2\n" * 9_989
    found = send(fresh, content, CSV, on_error="skip").json()
    assert (found["imported"], found["skipped"]) == (9_999, 1)
    assert found["errors"] == [
        {"line": 12, "field": None, "detail": "A quoted field does not end on this line"}
    ]


def test_a_long_list_of_bad_lines_is_cut_and_says_so(api: httpx.Client, problem: Any) -> None:
    found = problem(send(api, '{"customer_id": 0}\n' * 1500))
    assert found["bad_lines"] == 1500
    assert len(found["errors"]) == 1000
    assert found["errors_omitted"] == 2 * 1500 - 1000


def test_gzip_is_undone_whatever_its_members(fresh: httpx.Client) -> None:
    members = gzip.compress(nd(row(total_cents=1)).encode()) + gzip.compress(
        nd(row(total_cents=2)).encode()
    )
    for encoding in ("gzip", "x-gzip", "GZIP"):
        response = send(fresh, members, headers={"content-encoding": encoding})
        assert response.json()["imported"] == 2, response.text
    response = send(fresh, nd(row()), headers={"content-encoding": "identity"})
    assert response.json()["imported"] == 1


def test_gzip_may_be_padded_with_zeros(fresh: httpx.Client) -> None:
    member = gzip.compress(nd(row()).encode())
    zeros = b"\0" * 300_000
    for content, orders in ((member + zeros, 1), (member + zeros + member + b"\0", 2)):
        response = send(fresh, content, headers={"content-encoding": "gzip"})
        assert response.json()["imported"] == orders, response.text


@pytest.mark.parametrize(
    "content",
    [
        nd(row()).encode(),
        gzip.compress(nd(row()).encode())[:-1],
        gzip.compress(nd(row()).encode())[:5],
        gzip.compress(nd(row()).encode())[:-8] + b"12345678",
        gzip.compress(nd(row()).encode()) + b"garbage",
        zlib.compress(nd(row()).encode()),
        gzip.compress(nd(row()).encode()) + b"\0\0garbage",
        b"\0" + gzip.compress(nd(row()).encode()),
        b"",
    ],
    # gzip holds the time: ids made of its bytes would differ between the workers.
    ids=[
        "not gzip",
        "cut",
        "cut in its head",
        "wrong sum",
        "followed by garbage",
        "zlib",
        "followed by zeros and garbage",
        "behind a zero",
        "nothing",
    ],
)
def test_a_damaged_gzip_body_is_a_bad_request(
    fresh: httpx.Client, problem: Any, content: bytes
) -> None:
    headers = {"content-encoding": "gzip"}
    for on_error in ("refuse", "skip"):
        found = problem(send(fresh, content, headers=headers, on_error=on_error))
        assert found["type"] == "/problems/corrupt-gzip"
    assert stored(fresh) == []


@pytest.mark.parametrize(
    ("media_type", "headers"),
    [
        ("application/json", {}),
        ("application/x-www-form-urlencoded", {}),
        ("", {}),
        ("text/csv; charset=latin-1", {}),
        (CSV, {"content-encoding": "br"}),
        (CSV, {"content-encoding": "gzip, gzip"}),
    ],
)
def test_another_form_of_body_is_unsupported(
    api: httpx.Client, problem: Any, media_type: str, headers: dict[str, str]
) -> None:
    found = problem(send(api, nd(row()), media_type, headers=headers))
    assert found["type"] == "/problems/unsupported-media-type"


def test_an_encoding_that_is_named_twice_is_no_encoding(api: httpx.Client, problem: Any) -> None:
    headers = [("content-type", CSV), ("content-encoding", "gzip"), ("content-encoding", "gzip")]
    response = api.post("/orders:import", content=gzip.compress(b"1"), headers=headers)
    found = problem(response)
    assert found["detail"] == (
        "Content-Encoding may be identity or gzip or x-gzip, not gzip, gzip."
    )


def test_on_error_takes_only_its_two_values(api: httpx.Client, problem: Any) -> None:
    found = problem(send(api, nd(row()), on_error="ignore"))
    assert found["errors"][0]["pointer"] == "query/on_error"


def test_created_at_is_held_against_the_clock_of_the_database(
    fresh: httpx.Client, engine: Engine, problem: Any
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION tally_now() RETURNS timestamptz LANGUAGE sql"
                " VOLATILE PARALLEL SAFE AS $$ SELECT timestamptz '2030-01-01T00:00:00Z' $$"
            )
        )
    assert send(fresh, nd(row(created_at="2030-01-01T00:00:00Z"), row())).json()["imported"] == 2
    assert {order["created_at"] for order in stored(fresh)} == {"2030-01-01T00:00:00.000000Z"}
    late = send(fresh, nd(row(created_at="2030-01-01T01:00:00Z")))
    assert whys(problem(late)) == [(1, "created_at")]
