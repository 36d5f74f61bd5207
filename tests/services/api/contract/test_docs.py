"""The docs come from our own origin, may be kept, and are not there where they are not wanted."""

import gzip
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from orders_api.schemas.encodings import takes_gzip
from orders_api.settings import Settings
from orders_api.settings.server import ServerSettings

PAGES = ("/docs", "/redoc")
MOUNTS = ("", "/v1")


def loaded(page: httpx.Response) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]+)"', page.text)


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_files_of_our_own_that_may_be_kept_for_ever(
    api: httpx.Client, path: str, mount: str
) -> None:
    page = api.get(mount + path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f'data-openapi="{mount}/openapi.json"' in page.text
    files = loaded(page)
    assert len(files) >= 3
    for file in files:
        assert file.startswith(f"{mount}/docs/assets/")
        answer = api.get(file)
        assert answer.status_code == 200, file
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "Accept-Encoding" in answer.headers["vary"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_no_script_but_its_files(api: httpx.Client, path: str) -> None:
    page = api.get(path)
    policy = dict(
        part.split(" ", 1) for part in page.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert re.findall(r"<script(?! src=)", page.text) == []


def test_a_file_is_compressed_for_whoever_takes_that(api: httpx.Client) -> None:
    file = next(name for name in loaded(api.get("/docs")) if name.endswith("bundle.js"))
    plain = api.get(file, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with api.stream("GET", file, headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(answer.iter_raw())) == plain.content


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.5", True),
        ("gzip;q=0.001", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("br", False),
        ("", False),
    ],
)
def test_gzip_is_for_those_who_name_it(accepted: str, taken: bool) -> None:
    assert takes_gzip(accepted) is taken


@pytest.mark.parametrize("path", ["/0000/redoc.js", "/0000/..%2f..%2fapp.py", "/0000/unknown.js"])
def test_there_are_no_other_files(api: httpx.Client, problem: Any, path: str) -> None:
    assert problem(api.get(f"/docs/assets{path}"))["status"] == 404


@pytest.mark.parametrize("mount", MOUNTS)
def test_the_document_is_sent_once(api: httpx.Client, mount: str) -> None:
    document = api.get(f"{mount}/openapi.json")
    assert document.json()["openapi"].startswith("3.1")
    tag = document.headers["etag"]
    again = api.get(f"{mount}/openapi.json", headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


@pytest.fixture
def undocumented(database_url: str, serve: Callable[[Settings], Any]) -> Iterator[httpx.Client]:
    with serve(Settings.model_validate({"database_url": database_url, "docs": False})) as client:
        yield client


def test_without_docs_there_is_nothing(
    undocumented: httpx.Client, api: httpx.Client, problem: Any
) -> None:
    files = [file for path in PAGES for file in loaded(api.get(path))]
    for path in [*PAGES, "/openapi.json", *files]:
        for mount in MOUNTS:
            body = problem(undocumented.get(mount + path))
            nothing = problem(undocumented.get(mount + "/nothing"))
            assert body["detail"] == f"There is nothing at {mount}{path}."
            assert body["type"] == nothing["type"]
    home = undocumented.get("/").json()
    assert [home[name] for name in ("docs", "reference", "openapi")] == [None] * 3


def test_docs_are_off_on_cloud_run_unless_they_are_asked_for() -> None:
    def shows(**values: object) -> bool:
        return ServerSettings.model_validate(values).shows_docs

    assert shows()
    assert not shows(docs=False)
    assert not shows(k_service="orders-api")
    assert shows(k_service="orders-api", docs=True)
