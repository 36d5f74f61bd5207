"""Tally's dataset in a local BigQuery endpoint, from the schema files that Terraform reads.

`python -m tally_local.warehouse <url> <project> <dataset>` makes it where only the endpoint runs.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from requests.exceptions import RequestException

from tally_local.endpoints import Endpoints
from tally_local.errors import UserError
from tally_local.state import project_root

RETRY = DEFAULT_RETRY.with_timeout(60)
"""The client's own patience is ten minutes: too long for a part that has died."""

_SCHEMAS = Path("terraform", "modules", "bigquery", "schemas")


@contextmanager
def warehouse(endpoints: Endpoints) -> Iterator[bigquery.Client]:
    """Yield a client of the stack's endpoint, anonymous whatever the environment holds.

    Queries name tables without a dataset: it is the default one.

    Raises:
        UserError: BigQuery refused something in the block, or was away.
    """
    client = _client(endpoints)
    try:
        yield client
    except GoogleAPICallError as error:
        raise UserError(f"BigQuery refused: {error.message}") from error
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        raise UserError(f"BigQuery does not answer at {endpoints.bigquery}: {error}") from error
    finally:
        client.close()  # type: ignore[no-untyped-call]


def create_tables(endpoints: Endpoints) -> None:
    """Create the dataset and its tables, and add the columns that tables lack.

    Safe to repeat; what is there keeps its rows.

    Raises:
        UserError: The endpoint refused one, or was away.
    """
    with warehouse(endpoints) as client:
        client.create_dataset(endpoints.dataset, exists_ok=True, retry=RETRY)
        for table in _tables(endpoints):
            there = client.create_table(table, exists_ok=True, retry=RETRY)
            if len(there.schema) < len(table.schema):
                there.schema = table.schema
                client.update_table(there, ["schema"], retry=RETRY)


def main(arguments: Sequence[str]) -> None:
    """Create the tables in the endpoint, the project and the dataset that are named.

    Raises:
        SystemExit: The endpoint refused one, or was away.
    """
    url, project, dataset = arguments
    others = dict.fromkeys(("api", "function", "reconcile", "maintain", "postgres"), "")
    try:
        create_tables(Endpoints(bigquery=url, project=project, dataset=dataset, **others))
    except UserError as error:
        raise SystemExit(str(error)) from error


def _client(endpoints: Endpoints) -> bigquery.Client:
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    # A proxy in the environment is for the world outside.
    session.trust_env = False
    dataset = bigquery.DatasetReference(endpoints.project, endpoints.dataset)
    return bigquery.Client(
        endpoints.project,
        credentials,
        _http=session,
        client_options={"api_endpoint": endpoints.bigquery},
        default_query_job_config=bigquery.QueryJobConfig(default_dataset=dataset),
    )


def _tables(endpoints: Endpoints) -> Iterator[bigquery.Table]:
    for file in sorted((project_root() / _SCHEMAS).glob("*.json")):
        facts = json.loads(file.read_text(encoding="utf-8"))
        name = f"{endpoints.project}.{endpoints.dataset}.{file.stem}"
        yield _table(name, facts)


def _table(name: str, facts: dict[str, Any]) -> bigquery.Table:
    table = bigquery.Table(name, [bigquery.SchemaField.from_api_repr(f) for f in facts["schema"]])
    table.description = facts["description"]
    if partitioning := facts.get("time_partitioning"):
        table.time_partitioning = bigquery.TimePartitioning(
            type_=partitioning["type"],
            field=partitioning["field"],
            expiration_ms=partitioning.get("expiration_ms"),
        )
    table.clustering_fields = facts.get("clustering")
    table.require_partition_filter = facts.get("require_partition_filter", False)
    return table


if __name__ == "__main__":
    main(sys.argv[1:])
