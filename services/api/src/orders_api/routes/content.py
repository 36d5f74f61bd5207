"""What the headers of a request say about its body."""

from typing import Final

from fastapi import Request

from orders_api.problems import UnsupportedMediaType, clip

# ASCII is UTF-8 as well.
_CHARSETS: Final = ("utf-8", "utf8", "us-ascii")
# The standard library's parser takes seconds for what fits into a head.
_MOST_CHARACTERS: Final = 255


def media_type(request: Request) -> str:
    """Return the media type of the body, in lower case and without parameters.

    Raises:
        UnsupportedMediaType: The body is not in UTF-8.
    """
    value = request.headers.get("content-type", "")
    if value == "application/json":
        return value
    if len(value) > _MOST_CHARACTERS:
        raise UnsupportedMediaType(f"Content-Type may have {_MOST_CHARACTERS} characters.")
    kind, *parameters = value.lower().split(";")
    for parameter in parameters:
        name, _, charset = parameter.partition("=")
        if name.strip() == "charset" and charset.strip(' \t"') not in _CHARSETS:
            raise UnsupportedMediaType(f"Send UTF-8, not {clip(charset.strip())}.")
    return kind.strip()


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
