"""Every `type` of a problem leads to a page that explains it."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import orders
import orders_api
import orders_api.app
from orders.problems import BadGateway, Problem
from orders_api.problems import KINDS

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def kinds(of: type[Problem]) -> Iterator[type[Problem]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def written() -> Iterator[str]:
    for package in (orders, orders_api):
        for file in Path(str(package.__file__)).parent.rglob("*.py"):
            yield from re.findall(r'\bslug="([^"]+)"', file.read_text(encoding="utf-8"))


def test_every_type_that_can_be_answered_is_explained() -> None:
    # The function load_orders answers that, the API does not.
    answered: list[type[Problem]] = [Problem, *kinds(Problem)]
    for kind in answered:
        if kind is not BadGateway and not kind.__module__.startswith("load_orders"):
            assert KINDS[kind.slug].status == kind.status, kind
            assert KINDS[kind.slug].title == kind.title, kind
    assert set(written()) <= set(KINDS)


@pytest.mark.parametrize("slug", KINDS)
@pytest.mark.parametrize("mount", ["", "/v1"])
def test_a_page_tells_programs_and_people_the_same(
    api: httpx.Client, slug: str, mount: str
) -> None:
    told = api.get(f"{mount}/problems/{slug}")
    kind = told.json()
    assert "Accept" in told.headers["vary"].split(", ")
    assert kind["type"] == kind["example"]["type"] == f"/problems/{slug}"
    assert kind["status"] == kind["example"]["status"] == KINDS[slug].status
    assert kind["explanation"]
    assert kind["remedy"]
    page = api.get(f"{mount}/problems/{slug}", headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Accept" in page.headers["vary"].split(", ")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert f"<h1>{kind['status']} {kind['title']}</h1>" in page.text
    assert "<script" not in page.text


def test_a_page_is_escaped(api: httpx.Client) -> None:
    page = api.get("/problems/validation", headers=BROWSER).text
    assert "query/&lt;name&gt;" in page
    assert "&quot;/problems/validation&quot;" in page


@pytest.mark.parametrize("accept", ["application/json, text/html", "*/*", "application/*"])
def test_programs_that_take_json_get_json(api: httpx.Client, accept: str) -> None:
    answer = api.get("/problems/conflict", headers={"accept": accept})
    assert answer.headers["content-type"] == "application/json"
