"""A strict local BigQuery: Google's REST API on DuckDB, behind Google's own SQL analyzer."""

from tally_local.bigquery.app import create_app

__all__ = ["create_app"]
