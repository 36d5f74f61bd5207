"""A stream's pieces arrive while the rest is not made yet, through all that surrounds them."""

import json
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from orders_api.settings import Settings

STREAMS = ("/stream/count", "/stream/json", "/stream/events")
AS_IT_IS = {"accept-encoding": "identity"}
# Far longer than a test takes: whoever saw something of it did not see all of it made.
ENDLESS = "?to=1000&delay=5"


def unpacked(response: httpx.Response) -> Iterator[str]:
    """Yield what can be read of an answer after each piece that arrives."""
    packed = response.headers.get("content-encoding") == "gzip"
    decompress: Callable[[bytes], bytes]
    decompress = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress if packed else bytes
    for piece in response.iter_raw():
        yield decompress(piece).decode()


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("path", STREAMS)
def test_the_first_piece_arrives_while_the_last_is_hours_away(
    api: httpx.Client, path: str, encoding: str
) -> None:
    headers = {"accept-encoding": encoding}
    with api.stream("GET", path + ENDLESS, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["x-request-id"]
        assert "content-length" not in response.headers
        first = next(piece for piece in unpacked(response) if piece)
    assert first.endswith("\n")
    assert "2" not in first.split("at", maxsplit=1)[0]


@pytest.mark.parametrize("path", STREAMS)
def test_pieces_arrive_one_by_one(api: httpx.Client, path: str) -> None:
    with api.stream("GET", f"{path}?to=4&delay=0.5", headers=AS_IT_IS) as response:
        pieces = list(unpacked(response))
    assert len(pieces) == 4


def test_text_has_a_line_each(api: httpx.Client) -> None:
    response = api.get("/stream/count?to=3&delay=0")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == "1\n2\n3\n"


def test_five_lines_are_counted_unless_more_are_wanted(api: httpx.Client) -> None:
    assert api.get("/stream/count?delay=0").text == "1\n2\n3\n4\n5\n"
    assert len(api.get("/stream/count?to=1000&delay=0").text.splitlines()) == 1000


def test_ndjson_has_an_object_each_with_its_time(api: httpx.Client) -> None:
    response = api.get("/stream/json?to=3&delay=0.1")
    assert response.headers["content-type"] == "application/x-ndjson"
    ticks = [json.loads(line) for line in response.text.splitlines()]
    assert [tick["n"] for tick in ticks] == [1, 2, 3]
    moments = [datetime.fromisoformat(tick["at"]) for tick in ticks]
    assert all((later - sooner).total_seconds() > 0.09 for sooner, later in pairwise(moments))


def events(response: httpx.Response) -> list[dict[str, str]]:
    """Return the fields of each event."""
    blocks = response.text.removesuffix("\n\n").split("\n\n")
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def test_events_have_the_number_as_their_id(api: httpx.Client) -> None:
    response = api.get("/stream/events?to=3&delay=0")
    assert response.headers["content-type"].startswith("text/event-stream")
    found = events(response)
    assert [event["id"] for event in found] == ["1", "2", "3"]
    assert [json.loads(event["data"])["n"] for event in found] == [1, 2, 3]


def test_whoever_comes_again_goes_on_where_it_was(api: httpx.Client, problem: Any) -> None:
    def ask(last: str) -> httpx.Response:
        return api.get("/stream/events?to=5&delay=0", headers={"last-event-id": last})

    assert [event["id"] for event in events(ask("3"))] == ["4", "5"]
    # 204 tells an EventSource to stop.
    assert (ask("5").status_code, ask("5").content) == (204, b"")
    assert problem(ask("none"))["errors"][0]["pointer"] == "header/Last-Event-ID"


@pytest.mark.parametrize("path", STREAMS)
def test_head_is_answered_at_once(api: httpx.Client, path: str) -> None:
    response = api.head(path + ENDLESS)
    assert (response.status_code, response.content) == (200, b"")
    assert "content-length" not in response.headers


def test_a_stream_may_take_longer_than_other_requests(shared_url: str, serve: Any) -> None:
    settings = Settings.model_validate({"database_url": shared_url, "request_timeout_s": 1})
    with serve(settings) as client:
        assert client.get("/stream/count?to=4&delay=0.6").text == "1\n2\n3\n4\n"
