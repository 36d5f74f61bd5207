"""Forms, as OAuth2 sends them (RFC 6749, appendix B)."""

from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request

from orders.problems import BadRequest
from orders_api.problems import TooLarge, UnsupportedMediaType, clip
from orders_api.routes.content import content_encoding, media_type
from orders_api.schemas.fields import NO_NUL

FORM: Final = "application/x-www-form-urlencoded"
MAX_FORM_BYTES: Final = 8_192


def form_body(
    fields: Mapping[str, Mapping[str, Any]], required: Collection[str], example: Mapping[str, str]
) -> dict[str, Any]:
    """Return the `requestBody` of OpenAPI for a form with these fields, described as schemas."""
    text = {"type": "string", "pattern": NO_NUL}
    described = {name: {**text, **field} for name, field in fields.items()}
    schema = {
        "type": "object",
        "properties": described,
        "required": list(required),
        "additionalProperties": False,
    }
    content = {FORM: {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


async def read_form(request: Request, known: Collection[str]) -> dict[str, str]:
    """Return the fields of a form; one that is empty counts as left out.

    Raises:
        BadRequest: It is none, or has fields that are not known, or twice.
        TooLarge: It has more than 8 KiB.
        UnsupportedMediaType: It is something else.
    """
    if media_type(request) != FORM:
        raise UnsupportedMediaType(f"Send the body as {FORM}.")
    content_encoding(request)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise TooLarge(f"A form may have {MAX_FORM_BYTES} bytes.")
    return _fields(bytes(body), known)


def _fields(body: bytes, known: Collection[str]) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise bad_form("The form is not UTF-8, percent-encoded.") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise bad_form("A field of the form may stand only once.")
    if unknown := fields.keys() - set(known):
        raise bad_form(f"There is no such field: {clip(min(unknown))}.")
    if any("\0" in value for value in fields.values()):
        raise bad_form("The NUL character cannot stand in a form.")
    return {name: value for name, value in fields.items() if value}


def bad_form(detail: str, error: str = "invalid_request") -> BadRequest:
    """Return the problem of a form, with its error code of RFC 6749, 5.2."""
    return BadRequest(detail, error=error)
