"""Queries in BigQuery.

Google's client takes a second to import: whoever wants this module imports it in a thread.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

from orders_api.clients.warehouse_errors import TooExpensiveError, WarehouseError
from orders_api.settings.sales import SalesSettings

_log = logging.getLogger(__name__)
_TOO_EXPENSIVE: Final = "bytesBilledLimitExceeded"

Value = date | Sequence[str]
"""Of a parameter: a DATE, or an ARRAY<STRING>."""


class BigQuery:
    """The dataset that days are published in; safe for threads.

    Args:
        settings: With a project.

    Raises:
        WarehouseError: There are no credentials.
    """

    def __init__(self, settings: SalesSettings) -> None:
        self._settings = settings
        self._retry = bigquery.DEFAULT_RETRY.with_timeout(settings.bigquery_timeout_s)
        local = settings.bigquery_emulator_host is not None
        try:
            self._client = bigquery.Client(
                project=settings.bigquery_project,
                location=settings.bigquery_location,
                credentials=AnonymousCredentials() if local else None,  # type: ignore[no-untyped-call]
                client_options={"api_endpoint": settings.bigquery_emulator_host} if local else None,
            )
        except GoogleAuthError as error:
            raise WarehouseError(_named(error)) from error

    def rows(self, query: str, parameters: Mapping[str, Value], *, most: int) -> list[bigquery.Row]:
        """Return the first rows of a query, `most` of them at most.

        Each call to BigQuery is given `bigquery_timeout_s`, and is repeated no longer than that.

        Raises:
            TooExpensiveError: It would cost more than may be billed.
            WarehouseError: BigQuery is away or refused.
        """
        timeout_s = self._settings.bigquery_timeout_s
        try:
            found = self._client.query_and_wait(
                query,
                job_config=self._config(parameters),
                api_timeout=timeout_s,
                wait_timeout=timeout_s,
                retry=self._retry,
                # None is taken, and means none; left out it means twenty minutes.
                job_retry=None,  # type: ignore[arg-type]
                max_results=most,
            )
            rows = list(found)
        except (GoogleAPIError, GoogleAuthError, OSError) as error:
            kind = TooExpensiveError if _reason(error) == _TOO_EXPENSIVE else WarehouseError
            raise kind(_named(error)) from error
        _log.info(
            "BigQuery job %s: %s bytes, %d rows",
            found.job_id or found.query_id,
            found.total_bytes_processed,
            len(rows),
        )
        return rows

    def close(self) -> None:
        """Close the connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _config(self, parameters: Mapping[str, Value]) -> bigquery.QueryJobConfig:
        settings = self._settings
        dataset = bigquery.DatasetReference(self._client.project, settings.bigquery_dataset)
        return bigquery.QueryJobConfig(
            default_dataset=dataset,
            query_parameters=[_parameter(name, value) for name, value in parameters.items()],
            maximum_bytes_billed=settings.bigquery_maximum_bytes_billed,
            use_query_cache=True,
            job_timeout_ms=round(settings.bigquery_timeout_s * 1000),
            labels={"service": "tally", "part": "orders-api"},
        )


def _parameter(
    name: str, value: Value
) -> bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter:
    if isinstance(value, date):
        return bigquery.ScalarQueryParameter(name, "DATE", value)
    return bigquery.ArrayQueryParameter(name, "STRING", list(value))


def _reason(error: Exception) -> str | None:
    details = error.errors if isinstance(error, GoogleAPICallError) else ()
    return details[0].get("reason") if details else None


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
