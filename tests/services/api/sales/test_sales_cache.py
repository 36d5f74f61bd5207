"""How often BigQuery is asked, and what callers may keep."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from datetime import date

import httpx
import pytest

from orders_api.clients.warehouse import Warehouse
from orders_api.schemas.sales import SalesQuery
from orders_api.services.sales import Answer, SalesReader
from orders_api.settings import Settings
from tally_local.endpoints import Endpoints
from tally_testing.fault_proxy import FaultProxy, fault_proxy
from tally_testing.shop import DAY, Shop

Serve = Callable[..., AbstractContextManager[httpx.Client]]
QUERY = {"from": DAY.isoformat(), "to": DAY.isoformat()}


def test_an_answer_is_given_again_without_asking(endpoints: Endpoints, serve_sales: Serve) -> None:
    with (
        fault_proxy(endpoints.bigquery) as (proxy, url),
        serve_sales(bigquery_emulator_host=url) as api,
    ):
        first = api.get("/sales/daily", params=QUERY)
        again = api.get("/v1/sales/daily", params=QUERY)
        assert again.content == first.content
        assert proxy.requests == 1
        api.get("/sales/daily", params=QUERY | {"region": "eu"})
        assert proxy.requests == 2


def test_without_a_cache_what_is_published_is_seen_at_once(
    shop: Shop, next_day: Callable[[], date], serve_sales: Serve
) -> None:
    shop.order()
    load = shop.stage(next_day())
    with serve_sales(sales_cache_s=0.0) as api:
        before = api.get("/sales/daily", params=QUERY)
        shop.publish(load)
        after = api.get("/sales/daily", params=QUERY)
    assert [len(answer.json()["sales"]) for answer in (before, after)] == [0, 1]
    assert after.headers["cache-control"] == "private, max-age=0"
    assert before.headers["etag"] != after.headers["etag"]


def read_at_once(settings: Settings, queries: list[SalesQuery]) -> list[Answer]:
    async def read() -> list[Answer]:
        with closing(SalesReader(Warehouse(settings), cache_s=60)) as reader:
            return await asyncio.gather(*map(reader.read, queries))

    return asyncio.run(read())


@pytest.fixture
def proxied(
    endpoints: Endpoints, sales_settings: Settings
) -> Iterator[tuple[FaultProxy, Settings]]:
    with fault_proxy(endpoints.bigquery) as (proxy, url):
        yield proxy, sales_settings.model_copy(update={"bigquery_emulator_host": url})


def test_many_who_ask_the_same_at_once_make_one_query_and_the_log_says_what_it_read(
    proxied: tuple[FaultProxy, Settings], caplog: pytest.LogCaptureFixture
) -> None:
    proxy, settings = proxied
    caplog.set_level("INFO", "orders_api")
    answers = read_at_once(settings, [SalesQuery(DAY, DAY)] * 50)
    assert proxy.requests == 1
    assert len({answer.body for answer in answers}) == 1
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "0 bytes, 0 rows"
    ]


def test_more_questions_than_threads_wait_for_each_other(
    proxied: tuple[FaultProxy, Settings],
) -> None:
    proxy, settings = proxied
    queries = [SalesQuery(DAY, DAY, (f"r{number}",)) for number in range(12)]
    assert len(read_at_once(settings, queries)) == 12
    assert proxy.requests == 12


def test_who_has_the_answer_gets_304(sales_api: httpx.Client) -> None:
    first = sales_api.get("/sales/daily", params=QUERY)
    tag = first.headers["etag"]
    for sent in (tag, f'W/{tag}, "other"', "*"):
        again = sales_api.get("/sales/daily", params=QUERY, headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    other = sales_api.get("/sales/daily", params=QUERY, headers={"If-None-Match": '"other"'})
    assert other.content == first.content


@pytest.mark.parametrize(("field", "status"), [('"other"', 412), ("other", 400)])
def test_a_condition_that_fails_or_cannot_be_read_is_a_problem(
    sales_api: httpx.Client, problem: Callable[[httpx.Response], object], field: str, status: int
) -> None:
    answer = sales_api.get("/sales/daily", params=QUERY, headers={"If-Match": field})
    problem(answer)
    assert answer.status_code == status


def test_how_long_an_answer_may_be_kept_is_what_is_left_of_its_time(
    sales_api: httpx.Client,
) -> None:
    answers = [sales_api.get("/sales/daily", params=QUERY) for _ in range(2)]
    ages = [answer.headers["cache-control"].removeprefix("private, max-age=") for answer in answers]
    assert 0 <= int(ages[1]) <= int(ages[0]) <= 60
    assert {answer.headers["vary"] for answer in answers} == {"Authorization, X-API-Key"}


def test_head_is_get_without_a_body(sales_api: httpx.Client) -> None:
    shown, head = (sales_api.request(m, "/sales/daily", params=QUERY) for m in ("GET", "HEAD"))
    assert head.content == b""
    assert head.headers["etag"] == shown.headers["etag"]
    assert head.headers["content-length"] == shown.headers["content-length"]
