"""What a task makes of the function's answers, and how it says who it is."""

import base64
import json
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from airflow.exceptions import AirflowException, AirflowFailException
from google.auth.compute_engine import _metadata

from tally_dag_testing.answering import answering
from tally_dags.function import DayNotClosedError, call

NOT_CLOSED = {"type": "/problems/day-not-closed", "detail": "the day is not closed yet"}


def test_the_answer_is_a_json_object_and_loopback_gets_no_token() -> None:
    with answering((200, {"done": True})) as function:
        assert call(function.url, {"day": "2026-11-19"}) == {"done": True}
    ((_, headers),) = function.requests
    assert function.bodies == [{"day": "2026-11-19"}]
    assert "authorization" not in {name.lower() for name in headers}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_worth_a_retry(status: int) -> None:
    with (
        answering((status, {"detail": "try again"})) as function,
        pytest.raises(AirflowException, match=f"answered {status}: try again") as caught,
    ):
        call(function.url, {})
    assert not isinstance(caught.value, AirflowFailException | DayNotClosedError)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (400, {"detail": "2999-01-01 lies in the future"}, "400: 2999-01-01 lies in the future"),
        (403, "<html>Forbidden</html>", "403: <html>Forbidden</html>"),
        (404, "", "404: Not Found"),
        (409, NOT_CLOSED | {"ends": "2026-11-20T00:00:00+00:00"}, "409: the day is not closed"),
        (302, "", "302: Found"),
    ],
)
def test_what_will_not_pass_fails_at_once(status: int, body: Any, said: str) -> None:
    with answering((status, body)) as function, pytest.raises(AirflowFailException, match=said):
        call(function.url, {})


def test_a_day_that_is_not_closed_is_told_apart_with_what_it_waits_for() -> None:
    waiting = [{"kind": "session", "name": "42", "age_s": 7200}]
    with (
        answering((409, NOT_CLOSED | {"waits_for": waiting})) as function,
        pytest.raises(DayNotClosedError, match="'age_s': 7200"),
    ):
        call(function.url, {})


def test_every_difference_is_in_the_failure() -> None:
    differences = [{"day": "2026-11-18", "expected": "a"}, {"day": "2026-11-19", "expected": "b"}]
    with (
        answering((409, {"detail": "2 differences", "differences": differences})) as function,
        pytest.raises(AirflowFailException) as caught,
    ):
        call(function.url, {})
    assert str(caught.value).splitlines()[1:] == [str(each) for each in differences]


@pytest.mark.parametrize("body", ["not json", "[1]", ""])
def test_an_answer_that_is_no_json_object_is_an_error(body: str) -> None:
    with (
        answering((200, body)) as function,
        pytest.raises(AirflowException, match="without a JSON object"),
    ):
        call(function.url, {})


def test_a_function_that_is_away_is_worth_a_retry() -> None:
    with pytest.raises(AirflowException, match="does not answer") as caught:
        call("http://127.0.0.1:9", {})
    assert not isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize("url", ["http://load.example.com/", "ftp://127.0.0.1/", "load"])
def test_a_token_is_never_sent_in_plain_text(url: str) -> None:
    with pytest.raises(AirflowFailException, match="neither https nor http on this machine"):
        call(url, {})


def test_over_https_the_function_gets_an_id_token_for_its_own_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -out {certificate} -keyout {key}"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*make.split(), *names], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    token = _jwt({"exp": int(time.time()) + 3600})
    with (
        answering(
            (200, "it is there"),
            (200, {"email": "airflow@example.iam.gserviceaccount.com"}),
            (200, token),
            headers={"Metadata-Flavor": "Google"},
        ) as metadata_server,
        answering((200, {"done": True}), tls=tls) as function,
    ):
        host = metadata_server.url.removeprefix("http://")
        monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", host)
        monkeypatch.setenv("GCE_METADATA_IP", host)
        monkeypatch.delenv("NO_GCE_CHECK", raising=False)
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        assert call(function.url, {}) == {"done": True}
    ((_, headers),) = function.requests
    assert headers["Authorization"] == f"Bearer {token}"
    paths = [path for path, _ in metadata_server.requests]
    audience = function.url.replace(":", "%3A").replace("/", "%2F")
    assert any(f"identity?audience={audience}" in path for path in paths), paths


def _jwt(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none"}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(text.rstrip("=") for text in texts), "c2ln"])
