"""Pages for people, each with the CSP that it can do with."""

from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from fastapi import Response


def page(name: str, csp: str, **texts: str) -> Response:
    """Answer with a page of `orders_api/pages`; the texts are escaped."""
    escaped = {key: escape(text) for key, text in texts.items()}
    headers = {"Content-Security-Policy": csp, "Cache-Control": "no-cache"}
    return Response(_template(name).substitute(escaped), 200, headers, "text/html")


@cache
def _template(name: str) -> Template:
    return Template((files("orders_api") / "pages" / name).read_text(encoding="utf-8"))
