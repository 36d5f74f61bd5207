"""Order lines: what an order is made of; they add up to its total and never change."""

from orders.migrations.sql import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# No foreign key to orders: the lines of a deleted order stay, as its changes do. Its id is
# never drawn again, and the check below wants an order for every line that is written.
TABLE = """
CREATE TABLE order_lines (
    order_id bigint NOT NULL,
    line_no integer NOT NULL
        CONSTRAINT order_lines_line_no_positive CHECK (line_no > 0),
    item_id bigint NOT NULL
        CONSTRAINT order_lines_item_fkey REFERENCES items (id),
    quantity integer NOT NULL
        CONSTRAINT order_lines_quantity_bounded CHECK (quantity BETWEEN 1 AND 1000000),
    unit_price_cents bigint NOT NULL CONSTRAINT order_lines_unit_price_cents_bounded
        CHECK (unit_price_cents BETWEEN 0 AND 1000000000000000),
    PRIMARY KEY (order_id, line_no)
);
COMMENT ON COLUMN order_lines.unit_price_cents IS 'Minor units of the order''s currency.';
CREATE INDEX order_lines_by_item ON order_lines (item_id);
"""

GUARDS = """
CREATE FUNCTION check_order_lines() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong bigint;
BEGIN
    -- Nobody else changes these orders or adds to their lines until we commit; whoever did so
    -- before us is seen by the next statement, which has a snapshot of its own.
    PERFORM FROM public.orders WHERE id = ANY (ARRAY(SELECT order_id FROM new_lines))
    ORDER BY id FOR NO KEY UPDATE;
    SELECT written.order_id INTO wrong
    FROM (SELECT DISTINCT order_id FROM new_lines) AS written
    LEFT JOIN public.orders ON orders.id = written.order_id
    WHERE orders.total_cents IS DISTINCT FROM (
        SELECT sum(line.quantity::numeric * line.unit_price_cents)
        FROM public.order_lines AS line WHERE line.order_id = written.order_id)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the lines of order % do not add up to its total', wrong
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_lines_add_up',
                TABLE = 'order_lines';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION orders_keep_itemized_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM public.order_lines WHERE order_id = OLD.id) THEN
        RAISE EXCEPTION 'order %: its lines add up to its total, which cannot change', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER order_lines_add_up AFTER INSERT ON order_lines
    REFERENCING NEW TABLE AS new_lines FOR EACH STATEMENT EXECUTE FUNCTION check_order_lines();
CREATE TRIGGER order_lines_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON order_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the lines of an order stay as they are');
CREATE TRIGGER orders_keep_itemized_total BEFORE UPDATE OF total_cents ON orders
    FOR EACH ROW WHEN (NEW.total_cents <> OLD.total_cents)
    EXECUTE FUNCTION orders_keep_itemized_total();
ALTER TABLE order_lines ENABLE ALWAYS TRIGGER order_lines_add_up;
ALTER TABLE order_lines ENABLE ALWAYS TRIGGER order_lines_stay;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_keep_itemized_total;

GRANT SELECT, INSERT ON order_lines TO tally_api;
"""

DOWN = """
DROP TRIGGER orders_keep_itemized_total ON orders;
DROP TABLE order_lines;
DROP FUNCTION orders_keep_itemized_total();
DROP FUNCTION check_order_lines();
"""


def upgrade() -> None:
    """Create order_lines."""
    run(TABLE + GUARDS)


def downgrade() -> None:
    """Drop what upgrade made."""
    run(DOWN)
