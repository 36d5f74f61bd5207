"""What Postgres and its driver raise, as problems for a caller."""

from typing import Final

from pg8000.exceptions import InterfaceError

from orders.problems import Problem, Unavailable, Unprocessable
from orders_api.problems import invalid

# Of SQLSTATE: connection, resources, operator intervention, deadlock, a lock not had in time, a
# transaction that lay idle for too long.
_PASSING: Final = ("08", "53", "57", "40", "55P03", "25P03")
_NO_ENTRY: Final = ("28", "3D")
_NOT_MIGRATED: Final = "42P01"
_BAD_VALUE: Final = ("22", "23")

_CONSTRAINTS: Final = {
    "orders_currency_fkey": ("/currency", "There is no such currency in ISO 4217"),
    "order_lines_item_fkey": ("/lines", "There is no such item any more"),
    "orders_created_at_not_in_future": ("/created_at", "It lies in the future"),
}

OUTCOME_UNKNOWN: Final = (
    "The database was lost while it committed, so the outcome is not known. Repeat the request"
    " with the same Idempotency-Key; without one, look before you repeat."
)


def is_lost(error: BaseException | None) -> bool:
    """Tell whether the connection is gone with this error."""
    if isinstance(error, (InterfaceError, OSError)):
        return True
    return fields_of(error).get("V") in {"FATAL", "PANIC"}


def problem_of(error: BaseException | None) -> Problem | None:
    """Return the problem that an error of the driver is for a caller; None if it is a bug.

    Not of an error in COMMIT that lost the connection: it says that nothing was written.
    """
    if isinstance(error, (InterfaceError, OSError)):
        return Unavailable("The database cannot be reached; nothing was written.")
    fields = fields_of(error)
    if not fields:
        return None
    state = fields.get("C", "")
    if state.startswith(_PASSING):
        detail = "The database is busy or restarting; nothing was written."
        return Unavailable(detail, retry_after_s=1)
    if state.startswith(_NO_ENTRY):
        return Unavailable("The database does not let this service in; nothing was written.")
    if state == _NOT_MIGRATED:
        return Unavailable("The database is not migrated yet; nothing was written.")
    return _refused(fields.get("n", "")) if state.startswith(_BAD_VALUE) else None


def fields_of(error: BaseException | None) -> dict[str, str]:
    """Return the fields of an error that Postgres reported, by their codes in the protocol."""
    fields = error.args[0] if error is not None and error.args else None
    return fields if isinstance(fields, dict) else {}


def _refused(constraint: str) -> Problem:
    if constraint in _CONSTRAINTS:
        return invalid(*_CONSTRAINTS[constraint])
    return Unprocessable(f"The database refuses a value ({constraint or 'out of range'}).")
