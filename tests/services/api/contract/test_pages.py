"""The docs in a real browser, under the CSP that they come with."""

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import Engine

from orders_api.clients.database import Database
from orders_api.settings import Settings
from tally_testing.access import PASSWORD, Desk
from tally_testing.serving import serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 60_000
LOUD = ("error", "warning")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def watched(browser: Browser, api: httpx.Client) -> Iterator[Page]:
    """Yield a page that may complain of nothing, its CSP say, nor ask another host."""
    page = browser.new_page(base_url=str(api.base_url))
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in LOUD else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield page
    page.close()
    assert complaints == []
    assert asked
    own = (str(api.base_url), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []


@pytest.fixture
def page(browser: Browser, api: httpx.Client) -> Iterator[Page]:
    with watched(browser, api) as page:
        yield page


@pytest.mark.parametrize("mount", ["", "/v1"])
def test_the_docs_list_every_operation_and_try_one_out(
    page: Page, api: httpx.Client, mount: str
) -> None:
    paths = api.get(f"{mount}/openapi.json").json()["paths"]
    page.goto(f"{mount}/docs")
    expect(page.locator(".opblock")).to_have_count(sum(map(len, paths.values())))
    operation = page.locator("#operations-health-live")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer.locator("tbody .response-col_status").first).to_contain_text("200")
    expect(answer).to_contain_text('"status": "ok"')
    expect(operation.locator(".request-url")).to_contain_text(f"{mount}/health/live")


def test_what_is_sent_is_what_was_filled_in_and_no_example(page: Page) -> None:
    page.goto("/docs")
    operation = page.locator("#operations-orders-list_orders")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".request-url")).to_contain_text(re.compile(r"/orders\?limit=50"))
    status = operation.locator(".live-responses-table tbody .response-col_status")
    expect(status.first).to_contain_text("200")


@pytest.mark.parametrize("mount", ["", "/v1"])
def test_people_log_in_and_are_known(
    browser: Browser, database_url: str, engine: Engine, mount: str
) -> None:
    desk = Desk(Database(engine, waiters=1), Settings)
    # In a thread of its own: Playwright has an event loop in this one.
    with ThreadPoolExecutor() as threads:
        threads.submit(desk.register, "clerk@b.c").result()
    settings = Settings.model_validate({"database_url": database_url, "auth": "required"})
    with serving(settings) as client, watched(browser, client) as page:
        page.goto(f"{mount}/docs")
        page.get_by_role("button", name="Authorize", exact=True).first.click()
        login = page.locator(".auth-container").filter(has_text="OAuth2")
        login.locator("#oauth_username").fill("clerk@b.c")
        login.locator("#oauth_password").fill(PASSWORD)
        login.get_by_text("Authorize", exact=True).click()
        expect(login.get_by_text("Logout", exact=True)).to_be_visible()
        page.locator(".close-modal").click()
        operation = page.locator("#operations-auth-show_caller")
        operation.click()
        operation.get_by_role("button", name="Try it out").click()
        operation.get_by_role("button", name="Execute").click()
        expect(operation.locator(".live-responses-table")).to_contain_text('"name": "user:1"')


@pytest.mark.parametrize("mount", ["", "/v1"])
def test_the_reference_shows_and_finds_operations(page: Page, mount: str) -> None:
    page.goto(f"{mount}/redoc")
    expect(page.locator('[id="operation/create_order"]')).to_be_visible()
    page.get_by_placeholder("Search").fill("history")
    expect(page.get_by_role("search")).to_contain_text(re.compile("history", re.IGNORECASE))


def test_a_problem_is_explained_to_people(page: Page) -> None:
    page.goto("/problems/precondition-failed")
    expect(page.get_by_role("heading", level=1)).to_have_text("412 Precondition failed")
    expect(page.get_by_text('"current_version": 2')).to_be_visible()
