"""The part of Tally's HTTP API that the demo uses."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from orders.status import OrderStatus
from tally_local.errors import UserError

_LISTED = 20
# A large import is written in one transaction before it is answered.
_PATIENCE_S = 300


@dataclass
class Placed:
    """An order that was placed, and the ETag of the version of it that is known."""

    id: int
    etag: str

    @property
    def path(self) -> str:
        """Its place in the API."""
        return f"/orders/{self.id}"

    @property
    def as_known(self) -> dict[str, str]:
        """The header of a request that means the known version and no other."""
        return {"If-Match": self.etag}


class Api:
    """A client of the orders API that takes nothing but success.

    Every method raises UserError when the API refuses, with its reasons, or is away.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def create(self, order: dict[str, Any]) -> Placed:
        """Place an order."""
        answer = self._send("POST", "/orders", json=order)
        return Placed(int(answer.json()["id"]), answer.headers["ETag"])

    def set_status(self, order: Placed, status: OrderStatus) -> None:
        """Move an order to another state, unless somebody else changed it."""
        body = {"status": status.value}
        answer = self._send("PATCH", order.path, json=body, headers=order.as_known)
        order.etag = answer.headers["ETag"]

    def delete(self, order: Placed) -> None:
        """Delete an order, unless somebody else changed it."""
        self._send("DELETE", order.path, headers=order.as_known)

    def import_orders(
        self, content: Iterable[bytes], media_type: str, encoding: str = "identity"
    ) -> None:
        """Import a file of orders, all of it or nothing."""
        headers = {"Content-Type": media_type}
        if encoding != "identity":
            headers["Content-Encoding"] = encoding
        self._send("POST", "/orders:import", content=content, headers=headers)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, **options)
        except httpx.TransportError as error:
            raise UserError(f"the API does not answer: {error}") from error
        if not answer.is_success:
            raise UserError(_reasons(answer))
        return answer


@contextmanager
def api_at(url: str) -> Iterator[Api]:
    """Yield a client of the API at `url`."""
    with httpx.Client(base_url=url, trust_env=False, timeout=_PATIENCE_S) as client:
        yield Api(client)


def _reasons(refusal: httpx.Response) -> str:
    """Return the problem's detail and its first errors, one a line."""
    try:
        problem = refusal.json()
        errors = problem.get("errors", [])
        lines = [f"the API refused: {problem['detail']}"]
        lines += [_reason(error) for error in errors[:_LISTED]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"the API answered {refusal.status_code}: {refusal.text[:500]}"
    if more := len(errors[_LISTED:]) + problem.get("errors_omitted", 0):
        lines.append(f"  and {more} more")
    return "\n".join(lines)


def _reason(error: dict[str, Any]) -> str:
    where = f"line {error['line']}, " if "line" in error else ""
    field = error.get("field") or error.get("pointer") or "the whole line"
    return f"  {where}{field}: {error['detail']}"
