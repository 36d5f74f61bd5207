"""Tickets: what opens a stream where no header can be set, as in a browser.

One stands in a URL, so it is good for seconds, and for nothing else.
"""

from math import inf
from typing import Final

import jwt

from orders_api.problems import Unauthorized
from orders_api.schemas.caller import Principal
from orders_api.schemas.scopes import Scope
from orders_api.services.access.tokens import UNREADABLE, Tokens, not_valid, recognized

LIFETIME_S: Final = 30
_PURPOSE: Final = "#events"
_MAX_CHARACTERS: Final = 4_096


def issue(tokens: Tokens, principal: Principal) -> str:
    """Return a ticket in the name of a caller; the stream ends when the caller's credentials do."""
    until = {} if principal.until == inf else {"until": principal.until}
    scopes = principal.scopes & {Scope.ORDERS_READ}
    return tokens.sign(principal.name, scopes, LIFETIME_S, purpose=_PURPOSE, **until)


def redeem(tokens: Tokens, ticket: str) -> Principal:
    """Return whose ticket it is.

    Raises:
        Unauthorized: It is none of ours, or over.
    """
    if len(ticket) > _MAX_CHARACTERS:
        raise not_valid()
    try:
        head = jwt.get_unverified_header(ticket)
    except UNREADABLE:
        raise not_valid() from None
    try:
        claims = tokens.claims(ticket, head.get("kid"), _PURPOSE)
    except Unauthorized:
        detail = "The ticket is not valid, or is over: get a new one."
        raise Unauthorized(detail, error="invalid_token") from None
    principal = recognized(claims).principal
    return Principal(principal.name, principal.scopes, float(claims.get("until", inf)))
