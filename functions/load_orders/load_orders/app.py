"""The wiring: settings, engine and client, made once an instance, by the first request."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from typing import NamedTuple

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from opentelemetry.trace import Tracer
from sqlalchemy import Engine

from load_orders.settings import Settings
from load_orders.stage import Warehouse
from orders.engine import database_engine
from orders.metrics import Metrics, open_metrics
from orders.tracing import open_tracing, trace_statements


class Parts(NamedTuple):
    """What the handlers work with."""

    settings: Settings
    engine: Engine
    warehouse: Warehouse
    metrics: Metrics
    tracer: Tracer | None


def build(environment: Mapping[str, str], resources: ExitStack) -> Parts:
    """Make the parts from an environment; nothing connects yet.

    Args:
        environment: As `os.environ`.
        resources: Closes the connections when it is closed.

    Raises:
        pydantic.ValidationError: A key is missing or wrong; the message names each.
    """
    settings = Settings.from_environment(environment)
    engine = resources.enter_context(database_engine(settings))
    local = settings.bigquery_emulator_host is not None
    client = bigquery.Client(
        project=settings.bigquery_project,
        location=settings.bigquery_location,
        credentials=AnonymousCredentials() if local else None,  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": settings.bigquery_emulator_host} if local else None,
    )
    resources.callback(client.close)
    warehouse = Warehouse(client, settings.bigquery_dataset, settings.bigquery_timeout_s)
    metrics = resources.enter_context(open_metrics(settings))
    tracer = resources.enter_context(open_tracing(settings, "tally-load"))
    trace_statements(engine, tracer)
    return Parts(settings, engine, warehouse, metrics, tracer)


@cache
def instance_parts() -> Parts:
    """Return the parts of this instance, which live as long as its process."""
    return build(os.environ, ExitStack())
