from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tally_local.bigquery.errors import InvalidError, UnsupportedError
from tally_local.bigquery.jobs.parameters import Parameters, read_parameters
from tally_local.bigquery.store.names import DatasetName


@dataclass(frozen=True)
class QuerySpec:
    """What a query job asks for."""

    project: str
    sql: str
    parameters: Parameters = field(default_factory=Parameters)
    default_dataset: DatasetName | None = None
    destination: Mapping[str, Any] | None = None


def read_spec(project: str, raw: Mapping[str, Any]) -> QuerySpec:
    """Read the `query` part of a job's configuration, or the body of jobs.query."""
    if raw.get("useLegacySql") is True:
        raise InvalidError("Legacy SQL is not supported here: set useLegacySql to false")
    if raw.get("connectionProperties") or raw.get("createSession"):
        raise UnsupportedError("Sessions and connection properties are not supported here")
    for name in ("tableDefinitions", "userDefinedFunctionResources", "rangePartitioning"):
        if raw.get(name):
            raise UnsupportedError(f"{name} of a query job is not supported here")
    if not str(raw.get("query") or "").strip():
        raise InvalidError("Required parameter is missing: query")
    default = raw.get("defaultDataset")
    return QuerySpec(
        project,
        str(raw["query"]),
        read_parameters(raw.get("parameterMode"), raw.get("queryParameters") or []),
        DatasetName(default.get("projectId") or project, default["datasetId"]) if default else None,
        raw if raw.get("destinationTable") else None,
    )
