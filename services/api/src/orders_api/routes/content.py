"""What the headers of a request say about its body."""

from email.message import Message
from typing import Final

from fastapi import Request

from orders_api.problems import UnsupportedMediaType, clip

# ASCII is UTF-8 as well.
_CHARSETS: Final = (None, "utf-8", "utf8", "us-ascii")


def media_type(request: Request) -> str:
    """Return the media type of the body, in lower case and without parameters.

    Raises:
        UnsupportedMediaType: The body is not in UTF-8.
    """
    value = request.headers.get("content-type", "")
    if value == "application/json":
        return value
    header = Message()
    header["content-type"] = value
    charset = header.get_content_charset()
    if charset not in _CHARSETS:
        raise UnsupportedMediaType(f"Send UTF-8, not {clip(str(charset))}.")
    return header.get_content_type()


def content_encoding(request: Request, *accepted: str) -> str:
    """Return how the body is encoded, `identity` if it is not.

    Raises:
        UnsupportedMediaType: It is encoded in a way that is not accepted.
    """
    sent = ", ".join(request.headers.getlist("content-encoding")).strip().lower() or "identity"
    if sent not in ("identity", *accepted):
        names = " or ".join(["identity", *accepted])
        raise UnsupportedMediaType(
            f"Content-Encoding may be {names}, not {clip(sent)}.",
            headers={"Accept-Encoding": ", ".join(["identity", *accepted])},
        )
    return sent
