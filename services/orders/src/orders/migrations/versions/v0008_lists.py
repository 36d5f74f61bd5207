"""What lists of orders are read from: indexes in the order of created_at, one for metadata too."""

from orders.migrations.sql import run

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Whatever has no status filter is read as a range a status, merged: a list of all orders from the
# index of statuses, one of a region from the index of regions. An index of created_at alone would
# be worse than useless: Postgres prefers it to the one that suits, where tables are not vacuumed.
# Writing to orders stops while this runs.
INDEXES = """
DROP INDEX orders_by_created_at;
CREATE INDEX orders_by_status ON orders (status, created_at, id);
CREATE INDEX orders_by_region ON orders (region, status, created_at, id);

-- An order leaves its old status behind as a dead entry, and who asks for the oldest pending
-- orders walks over all of them: vacuum after two in a hundred orders moved, not after twenty.
ALTER TABLE orders SET (autovacuum_vacuum_scale_factor = 0.02);
"""

# A GIN index of metadata finds all orders of a pair before the first can be returned, however
# many there are. A row an order and pair is read in the order of created_at, from any place.
TABLE = """
CREATE TABLE order_metadata (
    pair bigint NOT NULL,
    created_at timestamptz NOT NULL,
    order_id bigint NOT NULL,
    PRIMARY KEY (pair, created_at, order_id)
);
COMMENT ON TABLE order_metadata IS
    'Which orders have a pair of metadata. Written by triggers only; orders has the metadata.';
COMMENT ON COLUMN order_metadata.pair IS
    'A hash of the pair: an order that is found by it must be asked for the pair itself.';

CREATE FUNCTION metadata_pairs(metadata jsonb) RETURNS SETOF bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT jsonb_hash_extended(jsonb_build_object(key, value), 0) FROM jsonb_each(metadata)';
COMMENT ON FUNCTION metadata_pairs(jsonb) IS 'The hash of each pair, as order_metadata has it.';

INSERT INTO order_metadata (pair, created_at, order_id)
SELECT DISTINCT pair, created_at, id FROM orders, metadata_pairs(metadata) AS pair;
GRANT SELECT ON order_metadata TO tally_api;
"""

# SECURITY DEFINER: who may change orders need not be able to write what they are found by.
# Two pairs of an order may have the same hash: one row is enough for both.
TRIGGERS = """
CREATE FUNCTION index_new_metadata() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO order_metadata (pair, created_at, order_id)
    SELECT pair, created_at, id FROM new_rows, metadata_pairs(metadata) AS pair
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE FUNCTION index_changed_metadata() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM order_metadata
    WHERE pair IN (SELECT metadata_pairs(OLD.metadata))
        AND created_at = OLD.created_at AND order_id = OLD.id;
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO order_metadata (pair, created_at, order_id)
        SELECT pair, NEW.created_at, NEW.id FROM metadata_pairs(NEW.metadata) AS pair
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION index_new_metadata(), index_changed_metadata() FROM PUBLIC;

CREATE TRIGGER orders_index_new_metadata AFTER INSERT ON orders
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION index_new_metadata();
CREATE TRIGGER orders_index_changed_metadata AFTER UPDATE ON orders
    FOR EACH ROW WHEN (NEW.metadata <> OLD.metadata) EXECUTE FUNCTION index_changed_metadata();
CREATE TRIGGER orders_index_gone_metadata AFTER DELETE ON orders
    FOR EACH ROW WHEN (OLD.metadata <> '{}') EXECUTE FUNCTION index_changed_metadata();
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_index_new_metadata;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_index_changed_metadata;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_index_gone_metadata;
"""

DOWN = """
DROP TRIGGER orders_index_gone_metadata ON orders;
DROP TRIGGER orders_index_changed_metadata ON orders;
DROP TRIGGER orders_index_new_metadata ON orders;
DROP FUNCTION index_changed_metadata();
DROP FUNCTION index_new_metadata();
DROP TABLE order_metadata;
DROP FUNCTION metadata_pairs(jsonb);
ALTER TABLE orders RESET (autovacuum_vacuum_scale_factor);
DROP INDEX orders_by_region;
DROP INDEX orders_by_status;
CREATE INDEX orders_by_created_at ON orders (created_at, id);
"""


def upgrade() -> None:
    """Create the indexes, and order_metadata filled from the orders that are there."""
    run(INDEXES + TABLE + TRIGGERS)


def downgrade() -> None:
    """Drop what upgrade made."""
    run(DOWN)
