"""Executes workflows as Cloud Workflows does, in an emulator that has an environment of its own.

Reads commands from stdin and answers on stdout, a line of JSON each:

    {"file", "subworkflow", "params", "now", "env"}   what to run, at which second since the epoch
    {"request": …}                 it calls somebody, with this token
    {"sleep": seconds}             it sleeps until it is sent a line; its clock goes on by itself
    {"result": …} or {"error": …}  what came of it

The emulator does the steps. What it lacks of Cloud Workflows is mended here: time that can pass at
once, tokens, the errors of requests, bodies of bytes, and maps and nulls that stay what they are.
Its retries begin at one second whatever the delay, and end where the delay reaches its maximum.
"""

import copy
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import requests

# The dev environment does not have it: it pins a FastAPI of long ago.
from workflows_emulator import main as emulator  # type: ignore[import-not-found]
from workflows_emulator import render
from workflows_emulator.lib import (  # type: ignore[import-not-found]
    helpers,
    http_utils,
    sys_utils,
)
from workflows_emulator.utils import (  # type: ignore[import-not-found]
    ContextDict,
    WorkflowError,
)

_RENDER_STR, _RUN_CODE, _ASSIGN_VAR = render.render_str, render.run_code, render.assign_var


class Clock:
    """The time of an execution; it goes on when the execution sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        _say({"sleep": seconds})
        sys.stdin.readline()


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, default=str) + "\n")
    sys.stdout.flush()


def _rendered(value: Any, context: dict[str, Any]) -> Any:
    """Evaluate an expression; the emulator would send its value through YAML."""
    if isinstance(value, str) and value.startswith("${") and value.endswith("}"):
        return _plain(_evaluated(value[2:-1].strip(), context))
    return _RENDER_STR(value, context)


def _evaluated(code: str, context: dict[str, Any]) -> Any:
    return _RUN_CODE(code, _named(code, context))


def _assigned(key: str, value: Any, context: dict[str, Any]) -> Any:
    return _ASSIGN_VAR(key, value, _named(key, context))


def _named(code: str, context: dict[str, Any]) -> dict[str, Any]:
    """Return the variables that an expression names; the emulator would copy all, each time."""
    words = set(re.findall(r"\w+", code))
    return {name: value for name, value in context.items() if name in words}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in dict.items(value)}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _requester(send: Callable[..., Any]) -> Callable[..., Any]:
    def request(method: str, url: str, auth: Any = None, **rest: Any) -> Any:
        _say({"request": {"method": method, "url": url, "auth": auth}})
        try:
            answer = send(method, url, **rest)
        except requests.HTTPError as error:
            raise _http_error(error) from error
        except requests.Timeout as error:
            raise WorkflowError(message=str(error), tags=["TimeoutError"]) from error
        except requests.ConnectionError as error:
            raise WorkflowError(message=str(error), tags=["ConnectionError"]) from error
        if answer["headers"].get("Content-Type") == "application/octet-stream":
            answer["body"] = answer["body"].encode()
        return answer

    return request


def _http_error(error: requests.HTTPError) -> WorkflowError:
    response = error.response
    assert response is not None
    json_type = "application/json" in response.headers.get("Content-Type", "")
    return WorkflowError(
        message=f"HTTP server responded with error code {response.status_code}",
        tags=["HttpError"],
        code=response.status_code,
        headers=dict(response.headers),
        body=response.json() if json_type else response.text,
    )


@contextmanager
def _environment(env: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@cache
def _loaded(file: str) -> Any:
    return emulator.load_workflow(file)


def _run(command: dict[str, Any]) -> dict[str, Any]:
    subworkflows = copy.deepcopy(_loaded(command["file"]))
    wanted = subworkflows.pop(command["subworkflow"])
    try:
        with _environment(command["env"]):
            result = emulator.execute_subworkflow(wanted, command["params"], subworkflows)
    except WorkflowError as error:
        return {"error": _plain(error.payload)}
    return {"result": _plain(result)}


def main() -> None:
    """Do what stdin says until it ends."""
    clock = Clock()
    # It logs all variables with every error.
    logging.disable()
    # It never gives back the lock of an assignment that failed.
    emulator.LOCK = threading.RLock()
    render.render_str = _rendered
    emulator.run_code, emulator.assign_var = _evaluated, _assigned
    helpers.TYPE_LOOKUP[ContextDict] = "map"
    render.STANDARD_LIBRARY |= {"null": None, "true": True, "false": False}
    http_utils.request = _requester(http_utils.request)
    sys_utils.now = lambda: clock.now
    sys_utils.sleep = emulator.sleep = clock.sleep
    while line := sys.stdin.readline():
        command = json.loads(line)
        clock.now = command["now"]
        _say(_run(command))


if __name__ == "__main__":
    main()
