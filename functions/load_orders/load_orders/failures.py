"""What a failure of Postgres or BigQuery is for a caller."""

import pg8000.exceptions
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from requests.exceptions import RequestException
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from orders.problems import BadGateway, Problem, Unavailable

_CANCELED = "57014"


def as_problem(error: Exception) -> Problem:
    """Return the problem that tells of an error without its internals."""
    match error:
        case Problem():
            return error
        case GoogleAPIError() | GoogleAuthError() | RequestException():
            return BadGateway(f"BigQuery failed: {_first_line(error)}", slug="bigquery-failed")
        case DBAPIError() | PoolTimeoutError() | pg8000.exceptions.Error() | OSError():
            return Unavailable(f"Postgres failed: {_first_line(error)}", slug="postgres-failed")
        case _:
            return Problem("something unexpected happened; the log has it under the request id")


def is_timeout(error: DBAPIError) -> bool:
    """Tell whether Postgres ended the statement because it took too long."""
    fields = error.orig.args[0] if error.orig and error.orig.args else None
    return isinstance(fields, dict) and fields.get("C") == _CANCELED


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
