"""Who may call the API: users, the refresh tokens of their logins, and API keys."""

from orders.migrations.sql import run

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

USERS = """
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL
        CONSTRAINT users_email_lower_case CHECK (email = lower(email))
        CONSTRAINT users_email_length CHECK (char_length(email) BETWEEN 3 AND 254),
    password_hash text NOT NULL,
    role text NOT NULL
        CONSTRAINT users_role_known CHECK (role IN ('viewer', 'clerk', 'manager', 'admin')),
    created_at timestamptz NOT NULL DEFAULT tally_now(),
    disabled_at timestamptz
);
COMMENT ON COLUMN users.password_hash IS 'Argon2id, with its parameters and salt.';
CREATE UNIQUE INDEX users_by_email ON users (lower(email));

GRANT SELECT, INSERT, UPDATE ON users TO tally_api;
"""

# A token that was used stays until it expires: whoever comes with it again has a copy.
REFRESH_TOKENS = """
CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    family uuid NOT NULL,
    user_id bigint NOT NULL REFERENCES users (id),
    scopes text[] NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON COLUMN refresh_tokens.token_hash IS 'SHA-256 of the token, which is random.';
COMMENT ON COLUMN refresh_tokens.family IS 'What the tokens of one login have in common.';
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens TO tally_api;
-- The nightly housekeeping runs as the loader.
GRANT SELECT (expires_at), DELETE ON refresh_tokens TO tally_loader;
"""

API_KEYS = """
CREATE TABLE api_keys (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    prefix text NOT NULL CONSTRAINT api_keys_prefix_unique UNIQUE,
    key_hash bytea NOT NULL,
    name text NOT NULL
        CONSTRAINT api_keys_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    scopes text[] NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT tally_now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
COMMENT ON COLUMN api_keys.prefix IS 'The part of the key that may be shown.';
COMMENT ON COLUMN api_keys.key_hash IS 'SHA-256 of the whole key, whose secret is random.';
COMMENT ON COLUMN api_keys.last_used_at IS 'Written once a minute at most.';

GRANT SELECT, INSERT, UPDATE ON api_keys TO tally_api;
"""


def upgrade() -> None:
    """Create users, refresh_tokens and api_keys."""
    run(USERS + REFRESH_TOKENS + API_KEYS)


def downgrade() -> None:
    """Drop what upgrade made."""
    run("DROP TABLE api_keys; DROP TABLE refresh_tokens; DROP TABLE users;")
