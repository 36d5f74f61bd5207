"""Whoever listens on the channel order_changes is told of changes, once a transaction."""

from orders.migrations.sql import run

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# A transaction that has notified cannot be prepared. So where a server allows that, only those
# notify who say that they will not prepare: sessions with tally.notify = on. What others write is
# found all the same: listeners look now and then.
UP = """
CREATE FUNCTION notify_order_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY order_changes;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION notify_order_changes() FROM PUBLIC;

CREATE TRIGGER order_changes_notify AFTER INSERT ON order_changes FOR EACH STATEMENT
    WHEN (current_setting('tally.notify', true) = 'on'
        OR current_setting('max_prepared_transactions') = '0')
    EXECUTE FUNCTION notify_order_changes();
"""

DOWN = """
DROP TRIGGER order_changes_notify ON order_changes;
DROP FUNCTION notify_order_changes();
"""


def upgrade() -> None:
    """Let the change log notify."""
    run(UP)


def downgrade() -> None:
    """Let it be silent."""
    run(DOWN)
