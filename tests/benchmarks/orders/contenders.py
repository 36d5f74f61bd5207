"""Who takes part: ours, and the ways in which such an API is commonly written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import make_url

_PEERS = "tests.benchmarks.orders.peers"


@dataclass(frozen=True)
class Contender:
    """An application that takes POST /orders."""

    name: str
    app: str
    """What uvicorn is given."""
    driver: str
    """The URL scheme it wants in DATABASE_URL."""
    tables: tuple[str, ...] = ("orders",)
    """Each order adds a row to each of them."""
    migrated: bool = False
    """Our migrations make its tables; others make theirs when they start."""
    keyed: bool = False
    """Whether every request carries an Idempotency-Key of its own."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """More of its environment."""

    def url(self, database_url: str) -> str:
        """Return the URL as its driver wants it."""
        url = make_url(database_url).set(drivername=self.driver)
        return url.render_as_string(hide_password=False)


def _ours(name: str, *, keyed: bool = False, **settings: str) -> Contender:
    return Contender(
        name=name,
        app="orders_api.main:app",
        driver="postgresql",
        tables=("orders", "order_changes"),
        migrated=True,
        keyed=keyed,
        settings=settings,
    )


OURS = _ours("ours")
# Nobody reads the datagrams, which are made and sent all the same.
OURS_MEASURED = _ours("ours, metrics on", DD_METRICS_ENABLED="true", DD_DOGSTATSD_PORT="18125")
OURS_KEYED = _ours("ours, with Idempotency-Key", keyed=True)
COMMON = Contender("common pattern, pg8000", f"{_PEERS}.sqlmodel_session:app", "postgresql+pg8000")
PSYCOPG = Contender(
    "common pattern, psycopg", f"{_PEERS}.sqlmodel_session:app", "postgresql+psycopg"
)
ASYNCPG = Contender(
    "async SQLAlchemy, asyncpg", f"{_PEERS}.sqlalchemy_async:app", "postgresql+asyncpg"
)
NO_DATABASE = Contender(
    "FastAPI, no database", f"{_PEERS}.no_database:app", "postgresql", tables=()
)

CONTENDERS = (OURS, OURS_MEASURED, OURS_KEYED, COMMON, PSYCOPG, ASYNCPG, NO_DATABASE)
