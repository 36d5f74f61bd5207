"""Conditional requests on one order, as RFC 9110 (13) and RFC 6585 (3) say."""

from typing import Any

import httpx
import pytest

from tally_testing.contract.change import resolve

NEW = {"customer_id": 42, "total_cents": 1999}
PAID = {"status": "paid"}


def order_at(api: httpx.Client, version: int) -> str:
    """The path of a new order at version 1 (pending), 2 (paid) or 3 (shipped)."""
    path = str(api.post("/orders", json=NEW).headers["location"])
    for status in ("paid", "shipped")[: version - 1]:
        moved = api.patch(path, json={"status": status}, headers={"If-Match": "*"})
        assert moved.status_code == 200
    return path


def state(api: httpx.Client, path: str) -> tuple[str, int, int]:
    """Status, version and the number of changes."""
    order = api.get(path).json()
    changes = api.get(f"{path}/history").json()["changes"]
    return order["status"], order["version"], len(changes)


# Of an order at version 2: does the field name it?
STRONG = [
    ('"2"', True),
    ("*", True),
    ('"1", "2"', True),
    ('"1","2","3"', True),
    (', ,\t"2" \t,,', True),
    ('"a,b", "2"', True),
    ('W/"2", "2"', True),
    ('"1"', False),
    ('"3", "4"', False),
    ('"02"', False),
    ('"2\xa0"', False),
    ('""', False),
    ("", False),
    (",", False),
    ('W/"1"', False),
]
WEAK_ONLY = [('W/"2"', True), ('W/"1", W/"2"', True), ('"1", W/"2"', True)]


def encoded(field: str, *lines: str) -> list[tuple[bytes, bytes]]:
    return [(field.encode(), line.encode("latin-1")) for line in lines]


@pytest.mark.parametrize(("value", "matches"), STRONG + [(value, False) for value, _ in WEAK_ONLY])
def test_a_change_is_made_only_if_if_match_names_the_version_strongly(
    api: httpx.Client, problem: Any, value: str, matches: bool
) -> None:
    path = order_at(api, 2)
    headers = encoded("If-Match", value)
    moved = api.patch(path, json={"status": "shipped"}, headers=headers)
    if matches:
        assert (moved.status_code, moved.headers["etag"]) == (200, '"3"')
        assert api.delete(path, headers={"If-Match": '"3"'}).status_code == 204
        return
    for response in (moved, api.delete(path, headers=headers)):
        body = problem(response)
        assert body["type"] == "/problems/precondition-failed"
        assert (body["current_version"], body["current_status"]) == (2, "paid")
        assert response.headers["etag"] == '"2"'
        assert body["detail"].endswith(
            'is paid at version 2, ETag "2", which If-Match does not name (weak tags do not count).'
        )
    assert state(api, path) == ("paid", 2, 2)


@pytest.mark.parametrize(("value", "matches"), STRONG + WEAK_ONLY)
def test_a_get_is_not_modified_if_if_none_match_names_the_version_weakly(
    api: httpx.Client, value: str, matches: bool
) -> None:
    path = order_at(api, 2)
    for method in ("GET", "HEAD"):
        response = api.request(method, path, headers=encoded("If-None-Match", value))
        assert response.status_code == (304 if matches else 200)
        assert response.headers["etag"] == '"2"'
        assert response.headers["cache-control"] == "private, no-cache"
        if matches:
            assert response.content == b""
            assert {"content-type", "content-length", "transfer-encoding"}.isdisjoint(
                response.headers
            )


@pytest.mark.parametrize(("value", "matches"), STRONG)
def test_a_get_is_answered_only_if_if_match_names_the_version(
    api: httpx.Client, problem: Any, value: str, matches: bool
) -> None:
    path = order_at(api, 2)
    response = api.get(path, headers=encoded("If-Match", value))
    if matches:
        assert response.json()["version"] == 2
    else:
        body = problem(response)
        assert body["type"] == "/problems/precondition-failed"
        assert (body["current_version"], body["current_status"]) == (2, "paid")


@pytest.mark.parametrize(("value", "matches"), STRONG + WEAK_ONLY)
def test_a_change_is_not_made_if_if_none_match_names_the_version(
    api: httpx.Client, problem: Any, value: str, matches: bool
) -> None:
    path = order_at(api, 2)
    headers = [*encoded("If-Match", "*"), *encoded("If-None-Match", value)]
    moved = api.patch(path, json={"status": "shipped"}, headers=headers)
    if not matches:
        assert moved.status_code == 200
        return
    for response in (moved, api.delete(path, headers=headers)):
        body = problem(response)
        assert body["type"] == "/problems/precondition-failed"
        assert body["detail"].endswith("which If-None-Match rules out.")
        assert response.headers["etag"] == '"2"'
    assert state(api, path) == ("paid", 2, 2)


def test_if_match_is_looked_at_before_if_none_match(api: httpx.Client, problem: Any) -> None:
    path = order_at(api, 2)
    headers = {"If-Match": '"1"', "If-None-Match": '"2"'}
    assert "If-Match" in problem(api.get(path, headers=headers))["detail"]
    assert api.get(path, headers=headers | {"If-Match": '"2"'}).status_code == 304


def test_several_lines_of_a_field_are_one_list(api: httpx.Client, problem: Any) -> None:
    path = order_at(api, 2)
    lines = ['"1"', '"2", "7"']
    assert api.get(path, headers=encoded("If-None-Match", *lines)).status_code == 304
    assert api.get(path, headers=encoded("If-None-Match", *reversed(lines))).status_code == 304
    for order in (lines, [*reversed(lines)]):
        same = api.patch(path, json=PAID, headers=encoded("If-Match", *order))
        assert same.status_code == 200
    stars = api.patch(path, json=PAID, headers=encoded("If-Match", "*", '"2"'))
    assert problem(stars)["type"] == "/problems/bad-request"


@pytest.mark.parametrize(
    ("value", "from_here"),
    [
        ("2", "2. "),
        ("'2'", "'2'"),
        ('"2', '"2'),
        ('2"', '2"'),
        ('"1" "2"', '"1" "2"'),
        ('"1", 2', "2. "),
        ('"1", *', "*. "),
        ('*, "1"', '*, "1"'),
        ("**", "**"),
        ('w/"2"', 'w/"2"'),
        ('W/ "2"', 'W/ "2"'),
        ('W"2"', 'W"2"'),
        ('"2 2"', '"2 2"'),
        ('"2"; "3"', '"2"; "3"'),
        ('"1",\xff', "\xff. "),
        ("x" * 5000, "x" * 40 + "…"),
    ],
)
@pytest.mark.parametrize("field", ["If-Match", "If-None-Match"])
def test_a_condition_that_cannot_be_read_is_told_from_where_on(
    api: httpx.Client, problem: Any, field: str, value: str, from_here: str
) -> None:
    path = order_at(api, 1)
    for method, content in (("GET", None), ("PATCH", PAID), ("DELETE", None)):
        headers = [*encoded("If-Match", "*"), *encoded("If-None-Match")]
        headers = [line for line in headers if line[0] != field.encode()] + encoded(field, value)
        body = problem(api.request(method, path, json=content, headers=headers))
        assert body["type"] == "/problems/bad-request"
        assert body["detail"].startswith(f"{field} cannot be read from here on: {from_here}")
    assert state(api, path) == ("pending", 1, 1)


def test_a_change_without_if_match_is_told_how_to_send_it(api: httpx.Client, problem: Any) -> None:
    path = order_at(api, 1)
    others = {"If-None-Match": '"7"', "If-Unmodified-Since": "Sat, 21 Nov 2026 09:00:00 GMT"}
    for headers in ({}, others):
        for answer in (
            api.patch(path, json=PAID, headers=headers),
            api.delete(path, headers=headers),
        ):
            body = problem(answer)
            assert body["type"] == "/problems/precondition-required"
            assert f"GET {path} " in body["detail"]
            assert "If-Match: *" in body["detail"]
    assert state(api, path) == ("pending", 1, 1)


def test_of_several_things_that_are_wrong_the_first_is_told(
    api: httpx.Client, problem: Any
) -> None:
    path, nowhere = order_at(api, 2), "/orders/999999999"
    illegal = {"status": "pending"}
    cases: list[tuple[str, str, Any, dict[str, str], int]] = [
        ("PATCH", nowhere, {"status": "lost"}, {}, 422),
        ("PATCH", "/orders/x", PAID, {"If-Match": '"1"'}, 422),
        ("PATCH", nowhere, PAID, {"If-Match": "1"}, 400),
        ("PATCH", nowhere, PAID, {}, 428),
        ("DELETE", nowhere, None, {}, 428),
        ("PATCH", nowhere, PAID, {"If-Match": '"1"'}, 404),
        ("DELETE", nowhere, None, {"If-Match": "*"}, 404),
        ("GET", nowhere, None, {"If-Match": "*"}, 404),
        ("GET", nowhere, None, {"If-None-Match": "*"}, 404),
        ("PATCH", path, illegal, {"If-Match": '"1"'}, 412),
        ("PATCH", path, illegal, {"If-Match": '"2"'}, 409),
    ]
    for method, where, content, headers, status in cases:
        answer = problem(api.request(method, where, json=content, headers=headers))
        assert answer["status"] == status, (method, where, content, headers)
    assert state(api, path) == ("paid", 2, 2)


def test_a_move_to_the_state_it_has_changes_nothing_but_has_to_match(
    api: httpx.Client, problem: Any
) -> None:
    path = order_at(api, 2)
    before = api.get(path).json()
    same = api.patch(path, json=PAID, headers={"If-Match": '"2"'})
    assert (same.status_code, same.headers["etag"], same.json()) == (200, '"2"', before)
    assert problem(api.patch(path, json=PAID, headers={"If-Match": '"1"'}))["status"] == 412
    assert state(api, path) == ("paid", 2, 2)


def test_a_repeated_change_tells_that_it_was_carried_out(api: httpx.Client, problem: Any) -> None:
    path = order_at(api, 1)
    known = {"If-Match": '"1"'}
    assert api.patch(path, json=PAID, headers=known).status_code == 200
    again = problem(api.patch(path, json=PAID, headers=known))
    assert (again["status"], again["current_version"], again["current_status"]) == (412, 2, "paid")
    gone = {"If-Match": '"2"'}
    assert [api.delete(path, headers=gone).status_code for _ in range(2)] == [204, 404]
    changes = api.get(f"{path}/history").json()["changes"]
    assert [change["op"] for change in changes] == ["I", "U", "D"]


def test_an_order_from_a_list_can_be_changed_by_its_version(api: httpx.Client) -> None:
    path = order_at(api, 3)
    order = api.get("/orders", params={"status": "shipped", "limit": 1}).json()["orders"][0]
    assert path == f"/orders/{order['id']}"
    headers = {"If-Match": f'"{order["version"]}"'}
    moved = api.patch(path, json={"status": "delivered"}, headers=headers)
    assert (moved.json()["version"], moved.headers["etag"]) == (4, '"4"')


def test_the_description_names_the_conditions_and_their_answers(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    operations = document["paths"]["/orders/{order_id}"]
    for method, field, needed, answers in (
        ("get", "If-None-Match", False, {"200", "304", "400", "412"}),
        ("patch", "If-Match", True, {"200", "400", "412", "428", "409"}),
        ("delete", "If-Match", True, {"204", "400", "412", "428"}),
    ):
        operation = operations[method]
        headers = {found["name"]: found for found in operation["parameters"]}
        assert {"If-Match", "If-None-Match"} <= set(headers)
        assert headers[field]["required"] is needed
        assert answers <= set(operation["responses"])
        for code in answers & {"200", "304", "412"}:
            answer = resolve(document, operation["responses"][code])
            assert "ETag" in answer["headers"], (method, code)
        assert "content" not in operation["responses"].get("304", {})
    bad = resolve(document, operations["patch"]["responses"]["400"])
    slugs = bad["content"]["application/problem+json"]
    assert set(slugs["examples"]) == {"bad-request", "malformed-json"}
