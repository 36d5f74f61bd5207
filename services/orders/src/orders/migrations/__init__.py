"""The schema of Tally's Postgres database, as Alembic migrations."""
