"""The clock that stamps everything, and the currencies with their exponents."""

import csv
from importlib import resources

import sqlalchemy as sa
from alembic import op

from orders.migrations.sql import run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UP = """
DO $$ BEGIN
    -- Receipts count the bytes of UTF-8, as BigQuery does.
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the database must be encoded in UTF8';
    END IF;
END $$;
CREATE FUNCTION tally_now() RETURNS timestamptz
    LANGUAGE sql VOLATILE PARALLEL SAFE
    AS 'SELECT clock_timestamp()';
COMMENT ON FUNCTION tally_now() IS
    'Every time that Postgres stamps comes from here. Only the laptop stack replaces it.';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'restrict_violation';
END $$;
COMMENT ON FUNCTION refuse_change() IS 'Refuses what fired it; the argument says why.';

CREATE TABLE currencies (
    code text PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'),
    exponent smallint NOT NULL CHECK (exponent BETWEEN 0 AND 4),
    name text NOT NULL
);
COMMENT ON TABLE currencies IS 'ISO 4217. One major unit is 10^exponent minor units.';

CREATE TRIGGER currencies_are_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON currencies
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(
        'closed days were extracted with these exponents');
ALTER TABLE currencies ENABLE ALWAYS TRIGGER currencies_are_fixed;
"""

DOWN = """
DROP TABLE currencies;
DROP FUNCTION refuse_change();
DROP FUNCTION tally_now();
"""


def upgrade() -> None:
    """Create the clock and the currencies, and fill them from currencies.csv."""
    run(UP)
    table = sa.table("currencies", sa.column("code"), sa.column("exponent"), sa.column("name"))
    with resources.files("orders").joinpath("currencies.csv").open(encoding="utf-8") as lines:
        rows = [row | {"exponent": int(row["exponent"])} for row in csv.DictReader(lines)]
    op.bulk_insert(table, rows)


def downgrade() -> None:
    """Drop what upgrade made."""
    run(DOWN)
