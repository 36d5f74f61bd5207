"""Alembic's entry: runs on the connection that `orders.migrate` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    # One transaction for the whole upgrade: it happens or it does not.
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
