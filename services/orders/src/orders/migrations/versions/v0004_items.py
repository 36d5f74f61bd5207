"""Items: what the shop sells."""

from orders.migrations.sql import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE items (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL
        CONSTRAINT items_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    price_cents bigint NOT NULL
        CONSTRAINT items_price_cents_bounded CHECK (price_cents BETWEEN 0 AND 1000000000000000),
    in_stock boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT tally_now(),
    updated_at timestamptz NOT NULL DEFAULT tally_now()
);
COMMENT ON COLUMN items.price_cents IS 'Cents of a US dollar.';
"""


def upgrade() -> None:
    """Create items."""
    run(UP)


def downgrade() -> None:
    """Drop what upgrade made."""
    run("DROP TABLE items")
