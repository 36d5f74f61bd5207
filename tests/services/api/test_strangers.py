"""What a stranger can send: every bad value is refused by name, and never with a 500."""

import gzip
from typing import Any

import httpx
import pytest

ORDER = {"customer_id": 42, "total_cents": 1999}
ITEM = {"name": "widget", "price": 9.99}
JSON = {"content-type": "application/json"}

WHOLE = ["true", '"7"', "1.0", "19.99", "1e3", "null", "[]", "{}", "-1", "1" + "0" * 30, "1E400"]
TEXT = ["7", "true", "null", "[]", "{}"]
CHARACTERS = [r'"\u0000"', r'"a\u0000b"', r'"\ud800"', r'"\udfff\ud800"']

BAD_ORDER_FIELDS = [
    *[("customer_id", value) for value in [*WHOLE, "0", str(2**63)]],
    *[("total_cents", value) for value in [*WHOLE, str(10**15 + 1)]],
    *[("region", value) for value in [*TEXT, *CHARACTERS, '""', '"-us"', '"us west"']],
    *[("region", value) for value in [f'"{"r" * 65}"', '"us\\n"', '"ü"']],
    *[("status", value) for value in [*TEXT, *CHARACTERS, '""', '"PAID"', '"lost"']],
    *[("currency", value) for value in [*TEXT, *CHARACTERS, '""', '"usd"', '"XXZ"', '"USDT"']],
    *[("created_at", value) for value in ["7", "1e9", "true", "[]", "{}", *CHARACTERS, '""']],
    *[
        ("created_at", f'"{value}"')
        for value in [
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:61:00Z",
            "2026-01-01T00:00:00+25:00",
            "2026-01-01T00:00:00.0000001Z",
            "1989-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00+14:00",
            "2999-01-01T00:00:00Z",
            "٢٠٢٦-01-01T00:00:00Z",
            "1767225600",
            "now",
        ]
    ],
    *[("metadata", value) for value in ["7", "true", "null", '"a"', "[]"]],
]
BAD_METADATA = [
    *[("k", value) for value in ["7", "1.5", "true", "null", "[]", "{}", *CHARACTERS]],
    ("k", f'"{"x" * 501}"'),
    ("k" * 41, '"x"'),
]


def body(valid: dict[str, Any], **raw: str) -> bytes:
    members = {name: str(value) for name, value in valid.items() if name != "name"}
    members |= {"name": '"widget"'} if "name" in valid else {}
    text = ",".join(f'"{name}":{value}' for name, value in (members | raw).items())
    return f"{{{text}}}".encode()


@pytest.mark.parametrize(("field", "value"), BAD_ORDER_FIELDS)
def test_a_bad_value_of_an_order_is_refused_by_pointer(
    api: httpx.Client, problem: Any, field: str, value: str
) -> None:
    response = api.post("/orders", content=body(ORDER, **{field: value}), headers=JSON)
    found = problem(response)
    assert found["type"] == "/problems/validation"
    assert [error["pointer"] for error in found["errors"]] == [f"/{field}"]
    assert found["errors"][0]["detail"]


@pytest.mark.parametrize(("key", "value"), BAD_METADATA)
def test_bad_metadata_is_refused_by_pointer(
    api: httpx.Client, problem: Any, key: str, value: str
) -> None:
    content = body(ORDER, metadata=f'{{"{key}":{value}}}')
    found = problem(api.post("/orders", content=content, headers=JSON))
    assert [error["pointer"] for error in found["errors"]] == [f"/metadata/{key}"]


def test_an_unknown_field_of_no_character_is_refused(api: httpx.Client, problem: Any) -> None:
    content = body(ORDER, **{r"\ud800": "1"})
    found = problem(api.post("/orders", content=content, headers=JSON))
    assert len(found["errors"]) == 1


@pytest.mark.parametrize("key", [r"\u0000", r"\ud800", r"a\u0000b"])
def test_a_metadata_key_that_cannot_be_stored_is_refused(
    api: httpx.Client, problem: Any, key: str
) -> None:
    content = body(ORDER, metadata=f'{{"{key}":"x"}}')
    found = problem(api.post("/orders", content=content, headers=JSON))
    assert found["errors"][0]["pointer"].startswith("/metadata/")


def test_more_than_fifty_keys_of_metadata_are_refused(api: httpx.Client, problem: Any) -> None:
    metadata = {f"k{n}": "x" for n in range(51)}
    found = problem(api.post("/orders", json=ORDER | {"metadata": metadata}))
    assert found["errors"][0]["pointer"] == "/metadata"


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        (b"{}", ["/customer_id", "/total_cents"]),
        (b"[]", [""]),
        (b'"order"', [""]),
        (b"null", [""]),
        (body(ORDER, **{"a/b~c": "1"}), ["/a~1b~0c"]),
        (body(ORDER, total_cent="1", id="7"), ["/total_cent", "/id"]),
    ],
)
def test_missing_and_unknown_fields_are_named(
    api: httpx.Client, problem: Any, content: bytes, pointers: list[str]
) -> None:
    found = problem(api.post("/orders", content=content, headers=JSON))
    assert found["status"] == 422
    assert [error["pointer"] for error in found["errors"]] == pointers


def test_what_should_be_an_object_is_told_so(api: httpx.Client, problem: Any) -> None:
    for content in (b"[]", b'"order"', body(ORDER, metadata="[]")):
        found = problem(api.post("/orders", content=content, headers=JSON))
        assert found["errors"][0]["detail"] == "Input should be a JSON object"


def test_a_list_of_errors_is_bounded(api: httpx.Client, problem: Any) -> None:
    content = body(ORDER, **{f"f{n}": "1" for n in range(5000)})
    found = problem(api.post("/orders", content=content, headers=JSON))
    assert len(found["errors"]) == 100
    assert "5000 values" in found["detail"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "line 1 column 1"),
        (b"{", "line 1 column 2"),
        (b'{"customer_id": 42,}', "column"),
        (b"{'customer_id': 42}", "column"),
        (body(ORDER, customer_id="NaN"), "NaN"),
        (body(ORDER, total_cents="-Infinity"), "-Infinity"),
        (b'{"customer_id": 1, "total_cents": 1, "total_cents": 2}', '"total_cents" stands twice'),
        (body(ORDER, metadata='{"a":"x","a":"y"}'), '"a" stands twice'),
        (body(ORDER, total_cents="9" * 5000), "too many digits"),
        (body(ORDER, total_cents="1e99999999999999999999"), "too many digits"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"region": "\xff"}', "byte 13 is not UTF-8"),
        ('{"customer_id": 1}'.encode("utf-16"), "UTF-8"),
        (body(ORDER) + b"{}", "Extra data"),
        (b'{"region": "a\nb"}', "control character"),
        (body(ORDER, **{f"f{n}": "1" for n in range(10_000)}), "more than 10000 members"),
    ],
)
@pytest.mark.parametrize("path", ["/orders", "/items"])
def test_what_is_not_strict_json_is_a_bad_request(
    api: httpx.Client, problem: Any, path: str, content: bytes, why: str
) -> None:
    found = problem(api.post(path, content=content, headers=JSON))
    assert found["type"] == "/problems/malformed-json"
    assert why in found["detail"]
    assert found["detail"].startswith("The body cannot be read: ")


@pytest.mark.parametrize(
    "media_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "text/json"]
)
def test_another_content_type_is_unsupported(
    api: httpx.Client, problem: Any, media_type: str | None
) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    for method, path in (("POST", "/orders"), ("PATCH", "/orders/1"), ("PUT", "/items/1")):
        response = api.request(method, path, content=body(ORDER), headers=headers)
        assert problem(response)["type"] == "/problems/unsupported-media-type"


def test_a_charset_beside_the_content_type_is_fine(api: httpx.Client) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert api.post("/orders", content=body(ORDER), headers=headers).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    [
        'a; x="' + ";" * 60_000,
        "application/json;" + "\\;" * 30_000,
        "application/x-www-form-urlencoded; x*" + "9" * 5_000 + "=a",
        "",
        ";",
        "json",
    ],
    ids=lambda content_type: content_type[:20],
)
@pytest.mark.parametrize("path", ["/orders", "/items", "/orders:import", "/auth/token"])
def test_a_content_type_that_is_none_is_unsupported_and_costs_nothing(
    api: httpx.Client, problem: Any, path: str, content_type: str
) -> None:
    """The standard library's parser took seconds for the first, and failed at the third."""
    response = api.post(path, content=b"abc", headers={"content-type": content_type})
    assert problem(response)["type"] == "/problems/unsupported-media-type"


@pytest.mark.parametrize("path", ["/orders", "/auth/token"])
def test_parameters_of_a_content_type_that_nobody_reads_do_no_harm(
    api: httpx.Client, problem: Any, path: str
) -> None:
    kind = "application/json" if path == "/orders" else "application/x-www-form-urlencoded"
    headers = {"content-type": f'{kind}; charset*=a; charset*0=b; charset="UTF-8"'}
    assert problem(api.post(path, content=b"[]", headers=headers))["status"] in {400, 422}


@pytest.mark.parametrize("charset", ["latin-1", "utf-16"])
def test_a_json_body_that_is_not_in_utf_8_is_unsupported(
    api: httpx.Client, problem: Any, charset: str
) -> None:
    headers = {"content-type": f"application/json; charset={charset}"}
    found = problem(api.post("/orders", content=body(ORDER), headers=headers))
    assert found["detail"] == f"Send UTF-8, not {charset}."


def test_a_json_body_that_is_encoded_is_unsupported(api: httpx.Client, problem: Any) -> None:
    content = gzip.compress(body(ORDER))
    response = api.post("/orders", content=content, headers=JSON | {"content-encoding": "gzip"})
    assert problem(response)["detail"] == "Content-Encoding may be identity, not gzip."
    assert response.headers["accept-encoding"] == "identity"
    plain = JSON | {"content-encoding": "identity"}
    assert api.post("/orders", content=body(ORDER), headers=plain).status_code == 201


def test_only_times_in_a_url_come_with_advice_on_urls(api: httpx.Client, problem: Any) -> None:
    time = "2026-01-01T00:00:00"
    line = body(ORDER, created_at=f'"{time}"')
    ndjson = {"content-type": "application/x-ndjson"}
    sent = api.post("/orders", content=line, headers=JSON)
    imported = api.post("/orders:import", content=line, headers=ndjson)
    asked = api.get("/orders", params={"created_from": time})
    advice = ["%2B" in problem(answer)["errors"][0]["detail"] for answer in (sent, imported, asked)]
    assert advice == [False, False, True]


def test_a_json_body_over_a_mebibyte_is_too_large(api: httpx.Client, problem: Any) -> None:
    content = body(ORDER) + b" " * 2**20
    for path in ("/orders", "/items"):
        found = problem(api.post(path, content=content, headers=JSON))
        assert found["type"] == "/problems/too-large"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[
            ("name", value)
            for value in [*TEXT, *CHARACTERS, '""', '"  "', r'"\t\u00a0"', f'"{"n" * 201}"']
        ],
        *[("price", value) for value in ['"9.99"', "true", "null", "[]", "-0.01", "9.999"]],
        *[("price", value) for value in ["10000000000000.01", "1e400", "1e-400", "1e99999"]],
        ("price", "9.990000000000000000000000000000000000000000001"),
        *[("in_stock", value) for value in ["1", '"true"', "null", "[]"]],
        ("colour", '"red"'),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_bad_value_of_an_item_is_refused_by_pointer(
    api: httpx.Client, problem: Any, method: str, field: str, value: str
) -> None:
    path = "/items" if method == "POST" else "/items/1"
    response = api.request(method, path, content=body(ITEM, **{field: value}), headers=JSON)
    found = problem(response)
    assert [error["pointer"] for error in found["errors"]] == [f"/{field}"]


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (b"{}", "/status"),
        (b'{"status": null}', "/status"),
        (b'{"status": "lost"}', "/status"),
        (b'{"status": ["paid"]}', "/status"),
        (b'{"status": "paid", "total_cents": 1}', "/total_cents"),
    ],
)
def test_a_bad_move_is_refused_by_pointer(
    api: httpx.Client, problem: Any, content: bytes, pointer: str
) -> None:
    found = problem(api.patch("/orders/1", content=content, headers=JSON))
    assert [error["pointer"] for error in found["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("stauts=paid", "query/stauts"),
        ("region=a&region=b", "query/region"),
        ("status=lost", "query/status"),
        ("status=", "query/status"),
        ("region=a%00b", "query/region"),
        ("region=%ff", "query/region"),
        ("customer_id=0", "query/customer_id"),
        ("customer_id=1.0", "query/customer_id"),
        ("customer_id=9223372036854775808", "query/customer_id"),
        ("created_from=2026-01-01", "query/created_from"),
        ("created_from=2026-01-01T00:00:00", "query/created_from"),
        ("created_to=2026-01-01T00:00:00+01:00", "query/created_to"),
        ("created_to=0001-01-01T00:00:00%2B14:00", "query/created_to"),
        ("limit=0", "query/limit"),
        ("limit=-1", "query/limit"),
        ("limit=ten", "query/limit"),
        ("limit=1.0", "query/limit"),
        ("limit=", "query/limit"),
        ("cursor=", "query/cursor"),
        ("cursor=garbage", "query/cursor"),
        ("cursor=%00", "query/cursor"),
        ("cursor=%C3%BC", "query/cursor"),
        ("cursor=W10", "query/cursor"),
        ("cursor=W1tbW1tbW1tbW1tb", "query/cursor"),
    ],
)
def test_a_bad_query_is_refused_by_name(
    api: httpx.Client, problem: Any, query: str, pointer: str
) -> None:
    found = problem(api.get(f"/orders?{query}"))
    assert found["status"] == 422
    assert [error["pointer"] for error in found["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/health/live"),
        ("GET", "/orders/1"),
        ("PATCH", "/orders/1"),
        ("DELETE", "/orders/1"),
        ("POST", "/orders"),
        ("POST", "/orders:import"),
        ("GET", "/items/1"),
    ],
)
def test_no_path_ignores_a_parameter_it_does_not_know(
    api: httpx.Client, problem: Any, method: str, path: str
) -> None:
    found = problem(api.request(method, path, params={"dry_run": "true"}))
    assert found["errors"] == [{"pointer": "query/dry_run", "detail": "There is no such parameter"}]
