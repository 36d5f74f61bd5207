"""What all tasks have in common."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tally_dags.alerts import send_event

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Of the schedules; nothing is caught up from it."""

TASKS: Final[dict[str, Any]] = {
    "owner": "tally",
    "retries": 5,
    # Doubled each time, with jitter: about an hour until the last try.
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=20),
    "execution_timeout": timedelta(minutes=65),
    "on_failure_callback": send_event,
}
