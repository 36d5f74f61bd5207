"""Every request is counted and timed, by the template of its route."""

from collections.abc import Iterator

import httpx
import pytest

from orders.metrics.catalog import HTTP_DURATION_MS, HTTP_REQUESTS
from orders_api.middleware.metrics import RequestMetrics
from orders_api.settings import Settings
from tally_testing.metrics import RecordingMetrics
from tally_testing.serving import serving
from tally_testing.waiting import wait_until

ORDER = {"customer_id": 1, "total_cents": 1999}


@pytest.fixture
def metrics() -> RecordingMetrics:
    return RecordingMetrics()


@pytest.fixture
def client(shared_url: str, metrics: RecordingMetrics) -> Iterator[httpx.Client]:
    with serving(Settings.model_validate({"database_url": shared_url}), metrics) as client:
        yield client


def requests(metrics: RecordingMetrics) -> dict[tuple[str, ...], float]:
    return {tags: n for (what, tags), n in metrics.added.items() if what is HTTP_REQUESTS}


@pytest.mark.parametrize(
    ("method", "path", "tags"),
    [
        ("GET", "/orders/999999999", ("GET", "404", "/orders/{order_id}")),
        ("GET", "/v1/orders/999999999", ("GET", "404", "/orders/{order_id}")),
        ("GET", "/orders/999999999/history", ("GET", "404", "/orders/{order_id}/history")),
        ("HEAD", "/health/live", ("HEAD", "200", "/health/live")),
        ("GET", "/nowhere/7", ("GET", "404", "unmatched")),
        ("GET", "/v1/nowhere/7", ("GET", "404", "unmatched")),
        ("PURGE", "/nowhere", ("other", "404", "unmatched")),
        ("GET", "/orders?limit=no", ("GET", "422", "/orders")),
    ],
)
def test_a_request_is_counted_by_its_template(
    client: httpx.Client, metrics: RecordingMetrics, method: str, path: str, tags: tuple[str, ...]
) -> None:
    client.request(method, path)
    # The answer is sent before it is counted.
    wait_until(lambda: bool(requests(metrics)), "it is counted")
    assert requests(metrics) == {tags: 1}
    [milliseconds] = metrics.values[HTTP_DURATION_MS, tags]
    assert 0 < milliseconds < 60_000


@pytest.mark.anyio
async def test_a_stream_passes_as_it_comes() -> None:
    metrics = RecordingMetrics()
    sent: list[object] = []
    seen_while_it_streamed: list[int] = []

    async def app(_scope: object, _receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for more in (True, False):
            await send({"type": "http.response.body", "body": b"x", "more_body": more})
            seen_while_it_streamed.append(len(sent))

    async def send(message: object) -> None:
        sent.append(message)

    async def receive() -> dict[str, str]:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "state": {"metrics": metrics}}
    await RequestMetrics(app)(scope, receive, send)
    assert seen_while_it_streamed == [2, 3]
    assert requests(metrics) == {("GET", "200", "unmatched"): 1}


@pytest.mark.anyio
async def test_an_answer_that_fails_half_way_is_counted() -> None:
    metrics = RecordingMetrics()

    async def app(_scope: object, _receive: object, _send: object) -> None:
        raise ValueError

    scope = {"type": "http", "method": "GET", "state": {"metrics": metrics}}
    with pytest.raises(ValueError):  # noqa: PT011  it is the one from above
        await RequestMetrics(app)(scope, None, None)  # type: ignore[arg-type]  # none is asked
    assert requests(metrics) == {("GET", "500", "unmatched"): 1}
