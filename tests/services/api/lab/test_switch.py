"""The lab is there on a laptop, and in production only if it is asked for."""

from typing import Any

import httpx
import pytest

from orders_api.settings import Settings

PATHS = (
    "/stream/count",
    "/stream/json",
    "/stream/events",
    "/demo/blocking",
    "/demo/async-sleep",
    "/demo/threadpool",
)
PRODUCTION = {
    "auth": "required",
    "jwt_keys": "one:" + "k" * 32,
    "allowed_hosts": "api.example.com",
}


@pytest.mark.parametrize("where", [{"k_service": "api"}, {"aws_lambda_function_name": "api"}])
def test_it_is_off_in_production_unless_it_is_asked_for(where: dict[str, str]) -> None:
    production = Settings.from_environment({**PRODUCTION, **where})
    assert not production.has_lab
    asked_for = Settings.from_environment({**PRODUCTION, **where, "LAB": "true"})
    assert asked_for.has_lab


def test_elsewhere_it_is_on_unless_it_is_turned_off() -> None:
    assert Settings.from_environment({}).has_lab
    assert not Settings.from_environment({"LAB": "false"}).has_lab


def test_where_it_is_off_there_is_nothing(shared_url: str, serve: Any, problem: Any) -> None:
    with serve(Settings.model_validate({"database_url": shared_url, "lab": False})) as client:
        for path in PATHS:
            body = problem(client.get(path))
            assert (body["status"], body["detail"]) == (404, f"There is nothing at {path}.")


def test_it_is_for_whoever_is_known(shared_url: str, serve: Any, problem: Any) -> None:
    settings = Settings.model_validate({"database_url": shared_url, "auth": "required"})
    with serve(settings) as client:
        for path in PATHS:
            assert problem(client.get(path))["status"] == 401


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ("stream/count?to=0", "query/to", "Input should be greater than or equal to 1"),
        ("stream/json?to=1001", "query/to", "Input should be less than or equal to 1000"),
        ("stream/events?to=many", "query/to", "Input should be a valid integer"),
        ("stream/count?delay=-1", "query/delay", "Input should be greater than or equal to 0"),
        ("stream/count?delay=5.1", "query/delay", "Input should be less than or equal to 5"),
        ("stream/count?delay=nan", "query/delay", "Input should be a finite number"),
        ("stream/count?count=5", "query/count", "There is no such parameter"),
        ("demo/blocking?seconds=-1", "query/seconds", "Input should be greater than or equal to 0"),
        (
            "demo/async-sleep?seconds=11",
            "query/seconds",
            "Input should be less than or equal to 10",
        ),
        ("demo/threadpool?seconds=inf", "query/seconds", "Input should be a finite number"),
        ("demo/threadpool?seconds=1&seconds=2", "query/seconds", "May stand only once"),
    ],
)
def test_what_is_out_of_bounds_is_refused(
    api: httpx.Client, problem: Any, query: str, pointer: str, detail: str
) -> None:
    (error,) = problem(api.get(f"/{query}"))["errors"]
    assert error["pointer"] == pointer
    assert error["detail"].startswith(detail)
