"""Nightly housekeeping: partitions of the change log made ahead, and what has expired goes.

The loader's role does it through functions that can do nothing else.
"""

from orders.migrations.sql import run

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PARTITIONS = """
-- Changes never wait for it long: it gives up after half a second without its locks, and with
-- them it does not look through the default partition. Where that one has rows, a constraint of
-- it, valid by check_order_changes_default, says in advance that none of them is of the month.
CREATE FUNCTION make_order_changes_partition(month date) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    this_month date := date_trunc('month', tally_now() AT TIME ZONE 'UTC')::date;
    begins text := to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00';
    ends text := to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00';
    partition text := 'order_changes_' || to_char(month, 'YYYY_MM');
    fence text := 'order_changes_without_' || to_char(month, 'YYYY_MM');
    valid boolean;
BEGIN
    IF extract(day FROM month) = 1
        AND month BETWEEN this_month AND this_month + interval '24 months' THEN
        NULL;
    ELSE
        RAISE EXCEPTION '% is not the first of this month or of one of the next 24', month
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'public.order_changes'::regclass
        AND inhrelid = to_regclass('public.' || partition)) THEN
        RETURN 'there';
    END IF;
    SELECT convalidated INTO valid FROM pg_constraint
        WHERE conrelid = 'public.order_changes_default'::regclass AND conname = fence;
    -- A run that is killed leaves the constraint. Changes of the month would be refused for it,
    -- so it goes while there are nights left to try again.
    IF begins::timestamptz < tally_now() + interval '2 days'
        AND EXISTS (SELECT FROM order_changes_default) THEN
        IF valid IS NOT NULL THEN
            EXECUTE format('ALTER TABLE order_changes_default DROP CONSTRAINT %I', fence);
        END IF;
        RETURN 'late';
    END IF;
    -- A change of the month itself that is on its way into the default partition would fail
    -- there once this one is attached. So where there may be one, changes wait before they look
    -- for their partition; else none of them waits, but those that go into the default one.
    IF begins::timestamptz < tally_now() + interval '1 hour' THEN
        LOCK TABLE ONLY order_changes IN ACCESS EXCLUSIVE MODE;
    ELSE
        LOCK TABLE ONLY order_changes IN SHARE UPDATE EXCLUSIVE MODE;
    END IF;
    IF valid IS NOT TRUE AND EXISTS (SELECT FROM order_changes_default) THEN
        IF valid IS NULL THEN
            EXECUTE format('ALTER TABLE order_changes_default ADD CONSTRAINT %I'
                ' CHECK (changed_at < %L OR changed_at >= %L) NOT VALID', fence, begins, ends);
        END IF;
        RETURN 'unchecked';
    END IF;
    EXECUTE format(
        'CREATE TABLE public.%I (LIKE order_changes INCLUDING ALL EXCLUDING DEFAULTS)', partition);
    -- The guards of rows come with ATTACH.
    EXECUTE format($guard$
        CREATE TRIGGER order_changes_no_truncate BEFORE TRUNCATE ON public.%I
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the change log is append-only')
    $guard$, partition);
    EXECUTE format(
        'ALTER TABLE public.%I ENABLE ALWAYS TRIGGER order_changes_no_truncate', partition);
    EXECUTE format('ALTER TABLE order_changes ATTACH PARTITION public.%I'
        ' FOR VALUES FROM (%L) TO (%L)', partition, begins, ends);
    IF valid THEN
        EXECUTE format('ALTER TABLE order_changes_default DROP CONSTRAINT %I', fence);
    END IF;
    RETURN 'made';
EXCEPTION
    WHEN lock_not_available OR duplicate_object THEN RETURN 'busy';
    WHEN check_violation THEN RETURN 'occupied';
    WHEN duplicate_table OR invalid_object_definition THEN
        IF valid THEN
            EXECUTE format('ALTER TABLE order_changes_default DROP CONSTRAINT %I', fence);
        END IF;
        RETURN 'taken';
END $$;
COMMENT ON FUNCTION make_order_changes_partition(date) IS
    'Says made, there, unchecked (first check_order_changes_default has to look through the'
    ' default partition), late (for that), busy (no lock to be had), occupied (the default'
    ' partition has changes of the month) or taken (by another table or partition).';

-- Changes go on beside it, however long it takes.
CREATE FUNCTION check_order_changes_default(month date) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    fence text := 'order_changes_without_' || to_char(month, 'YYYY_MM');
BEGIN
    BEGIN
        EXECUTE format('ALTER TABLE order_changes_default VALIDATE CONSTRAINT %I', fence);
        RETURN 'checked';
    EXCEPTION WHEN check_violation THEN
        EXECUTE format('ALTER TABLE order_changes_default DROP CONSTRAINT %I', fence);
        RETURN 'occupied';
    END;
EXCEPTION WHEN lock_not_available THEN
    RETURN 'busy';
END $$;
COMMENT ON FUNCTION check_order_changes_default(date) IS
    'Says checked, occupied (the default partition has changes of the month) or busy.';

REVOKE ALL ON FUNCTION make_order_changes_partition(date), check_order_changes_default(date)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_order_changes_partition(date), check_order_changes_default(date)
    TO tally_loader;

-- Where there are changes already, nobody waits for this migration: housekeeping makes them.
DO $$
DECLARE
    this_month date := date_trunc('month', tally_now() AT TIME ZONE 'UTC')::date;
BEGIN
    IF NOT EXISTS (SELECT FROM order_changes_default) THEN
        FOR ahead IN 0..3 LOOP
            PERFORM make_order_changes_partition(
                (this_month + make_interval(months => ahead))::date);
        END LOOP;
    END IF;
END $$;
"""

# SKIP LOCKED: requests that use a row are not waited for, and none waits long for this.
# The clock is asked in a subquery, for an index cannot be used with what changes from row to row.
EXPIRED = """
CREATE FUNCTION delete_expired_{table}(most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH deleted AS (
        DELETE FROM {table} WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM {table} WHERE expires_at <= (SELECT tally_now())
            ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED
        )) RETURNING 1
    )
    SELECT count(*) FROM deleted
$$;
REVOKE ALL ON FUNCTION delete_expired_{table}(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION delete_expired_{table}(integer) TO tally_loader;
REVOKE ALL ON {table} FROM tally_loader;
"""

# The partitions stay: they hold the log. What a killed run left would refuse changes one day.
DOWN = """
DO $$
DECLARE fence name;
BEGIN
    FOR fence IN SELECT conname FROM pg_constraint
        WHERE conrelid = 'order_changes_default'::regclass
            AND conname LIKE 'order\\_changes\\_without\\_%'
    LOOP
        EXECUTE format('ALTER TABLE order_changes_default DROP CONSTRAINT %I', fence);
    END LOOP;
END $$;
DROP FUNCTION make_order_changes_partition(date), check_order_changes_default(date);
DROP FUNCTION delete_expired_idempotency_keys(integer);
DROP FUNCTION delete_expired_refresh_tokens(integer);
GRANT SELECT (expires_at), DELETE ON idempotency_keys, refresh_tokens TO tally_loader;
"""


def upgrade() -> None:
    """Create the functions, and in a new database the partitions of this month and the next."""
    run(PARTITIONS)
    for table in ("idempotency_keys", "refresh_tokens"):
        run(EXPIRED.format(table=table))


def downgrade() -> None:
    """Drop the functions."""
    run(DOWN)
