"""The change log: written by triggers on orders, append-only, closed day by day."""

from orders.migrations.sql import run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE day_closings (
    day date PRIMARY KEY,
    closing_xid xid8,
    noted_at timestamptz NOT NULL DEFAULT tally_now()
);
COMMENT ON TABLE day_closings IS
    'UTC days that are over. One is closed when no transaction below its closing_xid runs.';

-- Whoever closes days may only say "this one is over": the database takes the transaction id,
-- and one that was taken stays, unless it lies in this server's future, as after a restore.
CREATE FUNCTION guard_day_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.day >= (public.tally_now() AT TIME ZONE 'UTC')::date THEN
        RAISE EXCEPTION 'day % is not over', NEW.day USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.noted_at := public.tally_now();
    NEW.closing_xid := NULL;
    IF TG_OP = 'UPDATE' THEN
        NEW.day := OLD.day;
        NEW.noted_at := OLD.noted_at;
        NEW.closing_xid := CASE
            WHEN OLD.closing_xid < pg_snapshot_xmax(pg_current_snapshot()) THEN OLD.closing_xid
            ELSE pg_current_xact_id() END;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER day_closings_guard BEFORE INSERT OR UPDATE ON day_closings
    FOR EACH ROW EXECUTE FUNCTION guard_day_closing();
CREATE TRIGGER day_closings_stay BEFORE DELETE OR TRUNCATE ON day_closings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a day that is over stays so');
ALTER TABLE day_closings ENABLE ALWAYS TRIGGER day_closings_guard;
ALTER TABLE day_closings ENABLE ALWAYS TRIGGER day_closings_stay;

-- A sequence and no identity column: before Postgres 17 a partitioned table cannot have one.
-- CACHE 1 keeps change_id rising with version for one order, whichever session changes it.
CREATE SEQUENCE order_changes_change_id_seq AS bigint CACHE 1;
CREATE TABLE order_changes (
    change_id bigint NOT NULL DEFAULT nextval('order_changes_change_id_seq'),
    op text NOT NULL CHECK (op IN ('I', 'U', 'D')),
    changed_at timestamptz NOT NULL,
    db_user text NOT NULL,
    order_id bigint NOT NULL,
    version integer NOT NULL,
    customer_id bigint NOT NULL,
    total_cents bigint NOT NULL,
    currency text NOT NULL,
    region text NOT NULL,
    status text NOT NULL,
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    trace_id text,
    PRIMARY KEY (change_id, changed_at)
) PARTITION BY RANGE (changed_at);
ALTER SEQUENCE order_changes_change_id_seq OWNED BY order_changes.change_id;
COMMENT ON TABLE order_changes IS
    'Every change of every order, with the order as it was after it. Append-only.';
COMMENT ON COLUMN order_changes.db_user IS
    'session_user: who was logged in, whatever changed_by says.';
CREATE INDEX order_changes_by_order ON order_changes (order_id, version);
CREATE INDEX order_changes_by_time ON order_changes USING brin (changed_at);
CREATE TABLE order_changes_default PARTITION OF order_changes DEFAULT;
"""

GUARDS = """
-- Row triggers reach every partition; TRUNCATE has statement triggers only, one a partition.
CREATE TRIGGER order_changes_append_only BEFORE UPDATE OR DELETE ON order_changes
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the change log is append-only');
CREATE TRIGGER order_changes_only_from_orders BEFORE INSERT ON order_changes
    FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION refuse_change('only a change of orders writes the change log');
CREATE TRIGGER order_changes_no_truncate BEFORE TRUNCATE ON order_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the change log is append-only');
CREATE TRIGGER order_changes_no_truncate BEFORE TRUNCATE ON order_changes_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the change log is append-only');
ALTER TABLE order_changes ENABLE ALWAYS TRIGGER order_changes_append_only;
ALTER TABLE order_changes ENABLE ALWAYS TRIGGER order_changes_only_from_orders;
ALTER TABLE order_changes ENABLE ALWAYS TRIGGER order_changes_no_truncate;
ALTER TABLE order_changes_default ENABLE ALWAYS TRIGGER order_changes_no_truncate;
"""

TRIGGERS = """
-- SECURITY DEFINER: who may change orders need not be able to write the log. pg_temp comes last
-- in the path, or a temporary table of the caller's could stand in for the log.
CREATE FUNCTION log_order_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- A clock that steps back does not write into a day that is noted as over.
    stamp timestamptz := GREATEST(
        tally_now(), (SELECT (max(day) + 1)::timestamp AT TIME ZONE 'UTC' FROM day_closings));
BEGIN
    -- A trigger function can be put on any table; this one would let its owner forge the log.
    IF TG_RELID <> 'public.orders'::regclass THEN
        RAISE EXCEPTION 'the change log is of orders only' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO order_changes (op, changed_at, db_user, order_id, version, customer_id,
            total_cents, currency, region, status, metadata, created_at, updated_at,
            changed_by, trace_id)
        SELECT 'D', stamp, session_user, id, version + 1, customer_id,
            total_cents, currency, region, status, metadata, created_at, stamp,
            COALESCE(NULLIF(current_setting('tally.changed_by', true), ''), session_user),
            NULLIF(current_setting('tally.trace_id', true), '')
        FROM old_rows ORDER BY id;
        RETURN NULL;
    END IF;
    -- The minute spares an order whose clock stepped back between its default and this line.
    IF TG_OP = 'INSERT'
        AND EXISTS (SELECT FROM new_rows WHERE created_at > stamp + interval '1 minute') THEN
        RAISE EXCEPTION 'created_at lies in the future' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'orders_created_at_not_in_future', TABLE = 'orders';
    END IF;
    INSERT INTO order_changes (op, changed_at, db_user, order_id, version, customer_id,
        total_cents, currency, region, status, metadata, created_at, updated_at,
        changed_by, trace_id)
    SELECT left(TG_OP, 1), stamp, session_user, id, version, customer_id,
        total_cents, currency, region, status, metadata, created_at, updated_at,
        changed_by, trace_id
    FROM new_rows ORDER BY id;
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION log_order_changes() FROM PUBLIC;

CREATE TRIGGER orders_log_insert AFTER INSERT ON orders
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION log_order_changes();
CREATE TRIGGER orders_log_update AFTER UPDATE ON orders
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION log_order_changes();
CREATE TRIGGER orders_log_delete AFTER DELETE ON orders
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION log_order_changes();
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_log_insert;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_log_update;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_log_delete;
"""

DOWN = """
DROP TRIGGER orders_log_insert ON orders;
DROP TRIGGER orders_log_update ON orders;
DROP TRIGGER orders_log_delete ON orders;
DROP FUNCTION log_order_changes();
DROP TABLE order_changes;
DROP TABLE day_closings;
DROP FUNCTION guard_day_closing();
"""


def upgrade() -> None:
    """Create the change log, its triggers and the closings of days."""
    run(TABLES + GUARDS + TRIGGERS)


def downgrade() -> None:
    """Drop what upgrade made."""
    run(DOWN)
