"""Where things are: environment variables, read when a task runs and never when a DAG is parsed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from airflow.exceptions import AirflowFailException

from tally_dags.compat import variable

LOAD_URL = "TALLY_FUNCTION_URL"
RECONCILE_URL = "TALLY_RECONCILE_URL"
MAINTAIN_URL = "TALLY_MAINTAIN_URL"

INTRADAY = "tally_intraday"
"""The Airflow Variable that turns the intraday loads on."""

_TRUE = {"1", "true", "yes", "on"}


@dataclass(frozen=True)
class Place:
    """Where in BigQuery the tables are, and what one statement may cost there."""

    project: str
    dataset: str
    location: str
    maximum_bytes_billed: int

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Place":
        """Read it.

        Raises:
            AirflowFailException: A variable is missing or is no number.
        """
        limit = environ.get("BIGQUERY_MAXIMUM_BYTES_BILLED", str(200 * 2**30))
        if not limit.isdecimal():
            raise AirflowFailException(f"BIGQUERY_MAXIMUM_BYTES_BILLED is no number: {limit!r}")
        return cls(
            project=required("BIGQUERY_PROJECT", environ),
            dataset=environ.get("BIGQUERY_DATASET", "analytics"),
            location=environ.get("BIGQUERY_LOCATION", "US"),
            maximum_bytes_billed=int(limit),
        )


def required(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return an environment variable.

    Raises:
        AirflowFailException: It is not set; the message names it.
    """
    if value := environ.get(name):
        return value
    raise AirflowFailException(f"{name} is not set in Airflow's environment; see dags/README.md")


def intraday_is_on() -> bool:
    """Tell whether the Variable `tally_intraday` says 1, true, yes or on."""
    return str(variable(INTRADAY)).strip().lower() in _TRUE
