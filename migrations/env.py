"""Alembic's entry: runs the revisions on the engine that `app.db.migrating` passes."""

from alembic import context

from app.db.tables import Row


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the job queue's own tables alone: it migrates them itself."""
    return kind != "table" or name in Row.metadata.tables


with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Row.metadata,
        include_name=_ours,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
