"""Orders: the current state of each, with the guards that keep it honest."""

from orders.migrations.sql import run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
CREATE SEQUENCE orders_id_seq AS bigint;
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL
        CONSTRAINT orders_customer_id_positive CHECK (customer_id > 0),
    total_cents bigint NOT NULL
        CONSTRAINT orders_total_cents_bounded CHECK (total_cents BETWEEN 0 AND 1000000000000000),
    currency text NOT NULL DEFAULT 'USD' REFERENCES currencies (code),
    region text NOT NULL DEFAULT 'unknown'
        CONSTRAINT orders_region_form CHECK (region ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    status text NOT NULL DEFAULT 'pending'
        CONSTRAINT orders_status_known CHECK (
            status IN ('pending', 'paid', 'shipped', 'delivered', 'cancelled', 'refunded')),
    version integer NOT NULL DEFAULT 1,
    metadata jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT orders_metadata_is_object CHECK (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz NOT NULL DEFAULT tally_now()
        CONSTRAINT orders_created_at_from_1990 CHECK (created_at >= '1990-01-01T00:00:00Z'),
    updated_at timestamptz NOT NULL DEFAULT tally_now(),
    changed_by text NOT NULL DEFAULT session_user,
    trace_id text
);
COMMENT ON COLUMN orders.total_cents IS 'Minor units of currency: cents, yen, fils.';
COMMENT ON COLUMN orders.version IS '1 when created, one more with every change.';
COMMENT ON COLUMN orders.changed_by IS 'The caller who made the last change.';
ALTER SEQUENCE orders_id_seq OWNED BY orders.id;
CREATE INDEX orders_by_created_at ON orders (created_at, id);
CREATE INDEX orders_by_customer ON orders (customer_id, created_at, id);

-- An id says for ever which order it is: one that is deleted and inserted again under its id
-- would be two orders to the warehouse. An identity column can be overridden, this cannot.
CREATE FUNCTION orders_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id IS NOT NULL THEN
        RAISE EXCEPTION 'the id of an order cannot be chosen'
            USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.id := nextval('public.orders_id_seq');
    NEW.version := 1;
    RETURN NEW;
END $$;

-- What a statement sets version to does not count.
CREATE FUNCTION orders_keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version;
    RETURN NEW;
END $$;

-- An UPDATE that names changed_by says who acts; any other is the work of the session's user.
-- Only a trigger on the column can tell the two apart: it leaves its mark in version, which
-- the guard sets in any case. Triggers fire in the order of their names.
CREATE FUNCTION orders_mark_attributed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := -1;
    RETURN NEW;
END $$;

CREATE FUNCTION orders_guard_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.created_at <> OLD.created_at OR NEW.currency <> OLD.currency THEN
        RAISE EXCEPTION 'order %: id, created_at and currency cannot change', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.version <> -1 THEN
        NEW.changed_by := session_user;
        NEW.trace_id := NULL;
    END IF;
    NEW.version := OLD.version + 1;
    NEW.updated_at := public.tally_now();
    RETURN NEW;
END $$;

CREATE TRIGGER orders_begin BEFORE INSERT ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_begin();
CREATE TRIGGER orders_0_keep_version BEFORE UPDATE ON orders
    FOR EACH ROW WHEN (NEW.version IS DISTINCT FROM OLD.version)
    EXECUTE FUNCTION orders_keep_version();
CREATE TRIGGER orders_a_mark_attributed BEFORE UPDATE OF changed_by ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_mark_attributed();
CREATE TRIGGER orders_b_guard_update BEFORE UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_guard_update();
CREATE TRIGGER orders_no_truncate BEFORE TRUNCATE ON orders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(
        'it would empty the table behind the change log; use DELETE');

-- ALWAYS: not even a session in replica mode writes around the guards.
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_begin;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_0_keep_version;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_a_mark_attributed;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_b_guard_update;
ALTER TABLE orders ENABLE ALWAYS TRIGGER orders_no_truncate;
"""

DOWN = """
DROP TABLE orders;
DROP FUNCTION orders_guard_update();
DROP FUNCTION orders_mark_attributed();
DROP FUNCTION orders_keep_version();
DROP FUNCTION orders_begin();
"""


def upgrade() -> None:
    """Create orders."""
    run(UP)


def downgrade() -> None:
    """Drop what upgrade made."""
    run(DOWN)
