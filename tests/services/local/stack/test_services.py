"""When a service counts as up."""

from pathlib import Path

import httpx
import pytest

from tally_local.stack import services
from tally_local.stack.services import Ports

OK = httpx.Response(200, json={"status": "ok"})
OTHERS = [
    httpx.Response(200, text="<html>another program</html>"),
    httpx.Response(200, json=["ok"]),
    httpx.Response(404, json={"status": "ok"}),
    httpx.Response(503),
]


def test_bigquery_is_up_when_it_says_so() -> None:
    assert services.bigquery(Ports().chosen(), Path()).healthy(OK)


@pytest.mark.parametrize("answer", OTHERS)
def test_bigquery_is_not_up_when_another_program_answers(answer: httpx.Response) -> None:
    assert not services.bigquery(Ports().chosen(), Path()).healthy(answer)


@pytest.mark.parametrize("status", [301, 401, 404, 500, 503])
def test_the_api_is_up_only_when_it_is_ready(status: int) -> None:
    api = services.api(Ports().chosen())
    assert api.healthy(httpx.Response(200))
    assert not api.healthy(httpx.Response(status))


def test_ports_that_are_chosen_differ() -> None:
    chosen = Ports(api=8000).chosen()
    assert chosen.api == 8000
    assert len(set(vars(chosen).values())) == 6
