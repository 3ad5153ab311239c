"""What Alembic runs: the revisions, on the connection that it was given."""

from alembic import context

from ecgcore.reviews.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite changes a table by copying it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
