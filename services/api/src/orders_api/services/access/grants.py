"""What is granted to whoever asks for tokens, and how it is refused (RFC 6749, 5.2)."""

from orders.problems import BadRequest
from orders_api.schemas.scopes import Scope


def refused(detail: str) -> BadRequest:
    """Return the problem of credentials that get no token."""
    return BadRequest(detail, error="invalid_grant")


def narrowed(held: frozenset[Scope], wanted: frozenset[Scope] | None) -> frozenset[Scope]:
    """Return the scopes that are wanted; None wants all that are held.

    Raises:
        BadRequest: Some of them are not held.
    """
    scopes = held if wanted is None else wanted
    if not scopes <= held:
        missing = ", ".join(sorted(scopes - held))
        raise BadRequest(f"These scopes cannot be had: {missing}.", error="invalid_scope")
    return scopes
