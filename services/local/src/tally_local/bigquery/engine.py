from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tally_local.bigquery.analyzer.loader import AnalyzerLoader
from tally_local.bigquery.jobs.registry import Registry
from tally_local.bigquery.jobs.wire import Pager
from tally_local.bigquery.store.catalog import Catalog
from tally_local.bigquery.store.database import Database


@dataclass(frozen=True)
class Engine:
    """The endpoint's parts, made once and passed to whoever needs them."""

    database: Database
    catalog: Catalog
    registry: Registry
    analyzers: AnalyzerLoader
    pager: Pager
    location: str


def open_engine(data_dir: Path, location: str) -> Engine:
    """Open the data directory; the analyzer goes on loading in the background."""
    analyzers = AnalyzerLoader()
    database = Database(data_dir)
    return Engine(database, Catalog(database), Registry(database), analyzers, Pager(), location)


def close_engine(engine: Engine) -> None:
    """Stop the running jobs and close the files."""
    engine.registry.close()
    engine.pager.close()
    engine.database.close()
