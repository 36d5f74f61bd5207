import csv
import threading
from importlib import resources
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from orders.engine import database_engine, pg8000_url
from orders.migrate import downgrade, upgrade
from orders.settings import DatabaseSettings
from orders.tables import (
    ApiKey,
    Currency,
    DayClosing,
    Item,
    Order,
    OrderChange,
    RefreshToken,
    User,
)

MODELS = (ApiKey, Currency, DayClosing, Item, Order, OrderChange, RefreshToken, User)


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def functions(engine: Engine) -> int:
    query = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
    with engine.connect() as connection:
        return int(connection.scalar(text(query)) or 0)


def test_all_the_way_down_leaves_nothing_and_up_again_works(engine: Engine) -> None:
    before = tables(engine)
    downgrade(engine, "base")
    assert tables(engine) == {"alembic_version"}
    assert functions(engine) == 0
    upgrade(engine)
    assert tables(engine) == before


@pytest.mark.parametrize(
    "revision",
    ["0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011"],
)
def test_each_migration_can_be_undone_and_done_again(engine: Engine, revision: str) -> None:
    downgrade(engine, f"{int(revision) - 1:04d}" if revision != "0001" else "base")
    upgrade(engine, revision)
    upgrade(engine)


def test_a_migration_that_fails_applies_nothing(engine: Engine) -> None:
    downgrade(engine, "0001")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE day_closings (day date)"))
    with pytest.raises(DBAPIError):
        upgrade(engine)
    assert tables(engine) == {"alembic_version", "currencies", "day_closings"}


def test_two_instances_that_migrate_at_once_do_it_once(database_url: str) -> None:
    settings = DatabaseSettings.model_validate({"database_url": database_url})
    with database_engine(settings) as engine:
        downgrade(engine, "base")
        errors: list[Exception] = []

        def migrate() -> None:
            try:
                upgrade(engine)
            except DBAPIError as error:
                errors.append(error)

        threads = [threading.Thread(target=migrate) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert "order_changes" in tables(engine)


def test_who_owns_the_database_can_migrate_it_without_being_a_superuser(
    database_url: str, engine: Engine
) -> None:
    downgrade(engine, "base")
    owner = f"owner_{uuid4().hex}"
    with engine.begin() as connection:
        database = connection.scalar(text("SELECT current_database()"))
        connection.exec_driver_sql(f"CREATE ROLE {owner} LOGIN")
        connection.exec_driver_sql(f'ALTER DATABASE "{database}" OWNER TO {owner}')
        connection.exec_driver_sql(f"ALTER TABLE alembic_version OWNER TO {owner}")
    url = make_url(database_url).set(username=owner).render_as_string(hide_password=False)
    settings = DatabaseSettings.model_validate({"database_url": url})
    with database_engine(settings) as plain:
        upgrade(plain)
        assert any(name.startswith("order_changes_20") for name in tables(plain))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"REASSIGN OWNED BY {owner} TO CURRENT_USER")
        connection.exec_driver_sql(f"DROP OWNED BY {owner}")
        connection.exec_driver_sql(f"DROP ROLE {owner}")


def test_the_tables_in_python_have_the_columns_of_the_migrations(engine: Engine) -> None:
    query = text(
        "SELECT column_name, is_nullable = 'YES' FROM information_schema.columns"
        " WHERE table_name = :table"
    )
    with engine.connect() as connection:
        for model in MODELS:
            table = SQLModel.metadata.tables[str(model.__tablename__)]
            there = {tuple(row) for row in connection.execute(query, {"table": table.name})}
            here = {(column.name, column.nullable) for column in table.columns}
            assert here == there, table.name


def test_the_currencies_are_those_of_the_file(engine: Engine) -> None:
    with resources.files("orders").joinpath("currencies.csv").open(encoding="utf-8") as lines:
        expected = {(row["code"], int(row["exponent"])) for row in csv.DictReader(lines)}
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT code, exponent FROM currencies"))
        assert {(row.code, row.exponent) for row in rows} == expected
    assert {("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)} <= expected


def test_an_upgrade_through_a_plain_url_is_the_same_engine(database_url: str) -> None:
    plain = create_engine(pg8000_url(database_url.replace("postgresql://", "postgres://")))
    upgrade(plain)
    assert "orders" in tables(plain)
    plain.dispose()
