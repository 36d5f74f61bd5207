"""What the API and the function may do; nobody but the owner may do more."""

from orders.migrations.sql import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Roles belong to the whole server, where other databases may use them: made when missing,
# never dropped. Login users (IAM service accounts on Cloud SQL) are granted one of them.
UP = """
DO $$
DECLARE role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['tally_api', 'tally_loader'] LOOP
        -- Creating a role takes a privilege, so it is not tried when the role is there.
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- Another database of this server was faster.
        END;
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tally_api, tally_loader;

GRANT SELECT, INSERT, UPDATE, DELETE ON orders, items TO tally_api;
GRANT USAGE ON orders_id_seq TO tally_api;
GRANT SELECT ON order_changes, order_changes_change_id_seq, currencies, day_closings TO tally_api;

GRANT SELECT ON orders, order_changes, order_changes_change_id_seq, currencies TO tally_loader;
GRANT SELECT, INSERT (day), UPDATE (day) ON day_closings TO tally_loader;
"""

DOWN = """
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM tally_api, tally_loader;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM tally_api, tally_loader;
REVOKE USAGE ON SCHEMA public FROM tally_api, tally_loader;
"""


def upgrade() -> None:
    """Create the roles and grant each what it needs."""
    run(UP)


def downgrade() -> None:
    """Take the grants back; the roles stay, other databases may use them."""
    run(DOWN)
