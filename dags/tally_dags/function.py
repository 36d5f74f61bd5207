"""Calls of the Cloud Function, and what its refusals mean to a task."""

import ipaddress
import logging
import socket
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from airflow.exceptions import AirflowException, AirflowFailException
from google.auth.transport.requests import Request
from google.oauth2.id_token import fetch_id_token

_log = logging.getLogger(__name__)

# The function may work for an hour.
_TIMEOUT: Final = httpx.Timeout(3660, connect=30)
# An answer may take an hour, and Google Cloud forgets connections that are silent for 10 minutes.
_KEEPALIVE: Final = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
        if hasattr(socket, name)
    ),
]
_TEMPORARY: Final = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class DayNotClosedError(AirflowException):
    """Transactions that may still write into the day are open: come back later."""


def call(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post to the function and return its JSON answer.

    Over https it is told who calls, by an id token for its URL. Loopback http takes none.

    Raises:
        DayNotClosedError: The function says so.
        AirflowFailException: It refused, and would again: the task must not be retried.
        AirflowException: It failed, or could not be reached; a retry may help.
    """
    local = _is_loopback(url)
    headers = {} if local else {"Authorization": f"Bearer {_id_token(url)}"}
    transport = httpx.HTTPTransport(socket_options=_KEEPALIVE, trust_env=not local)
    try:
        with httpx.Client(transport=transport, trust_env=not local, timeout=_TIMEOUT) as client:
            answer = client.post(url, json=body, headers=headers)
    except httpx.TransportError as error:
        raise AirflowException(f"{url} does not answer: {error!r}") from error
    if answer.status_code == HTTPStatus.OK:
        return _members(answer)
    raise _refusal(answer)


def _is_loopback(url: str) -> bool:
    """Tell whether a URL leads to this machine.

    Raises:
        AirflowFailException: It would carry a token in plain text.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise AirflowFailException(f"{url} is neither https nor http on this machine")
    return local and parts.scheme == "http"


def _id_token(url: str) -> str:
    """Return a token that Google signed, of Airflow's service account for this function."""
    return str(fetch_id_token(Request(), audience=url))  # type: ignore[no-untyped-call]


def _refusal(answer: httpx.Response) -> AirflowException:
    problem = _problem(answer)
    text = problem.get("detail") or answer.text.strip()[:500] or answer.reason_phrase
    message = f"{answer.url} answered {answer.status_code}: {text}"
    if answer.status_code in _TEMPORARY or answer.is_server_error:
        return AirflowException(message)
    # A day that is still going on has an end: whoever asked for it is told at once, and no run
    # is held until midnight.
    not_closed = str(problem.get("type", "")).endswith("/day-not-closed")
    if not_closed and "ends" not in problem:
        return DayNotClosedError(f"{message}: {problem.get('waits_for', 'not told')}")
    for difference in problem.get("differences", []):
        _log.error("differs: %s", difference)
    return AirflowFailException("\n".join([message, *map(str, problem.get("differences", []))]))


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        return _members(answer)
    except AirflowException:
        return {}


def _members(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer."""
    try:
        members = answer.json()
    except ValueError:
        members = None
    if not isinstance(members, dict):
        raise AirflowException(f"{answer.url} answered {answer.status_code} without a JSON object")
    return members
