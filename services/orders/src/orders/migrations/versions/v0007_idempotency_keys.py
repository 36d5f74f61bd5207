"""Idempotency keys: the answer to a request that was carried out, kept for its repetitions."""

from orders.migrations.sql import run

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# A row is written in the transaction of the orders it answers for, so there is none without
# the other, and none that is pending.
UP = """
CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    key text NOT NULL
        CONSTRAINT idempotency_keys_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint text NOT NULL,
    order_id bigint,
    answer text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (caller, key)
);
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'SHA-256 of the request, in hexadecimal.';
COMMENT ON COLUMN idempotency_keys.order_id IS 'The order that was created; none for an import.';
COMMENT ON COLUMN idempotency_keys.answer IS 'The body that was answered, JSON.';
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO tally_api;
-- The nightly housekeeping runs as the loader.
GRANT SELECT (expires_at), DELETE ON idempotency_keys TO tally_loader;
"""


def upgrade() -> None:
    """Create idempotency_keys."""
    run(UP)


def downgrade() -> None:
    """Drop what upgrade made."""
    run("DROP TABLE idempotency_keys")
