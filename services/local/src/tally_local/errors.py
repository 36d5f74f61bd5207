"""What the `tally` command tells its user in place of a traceback."""

from sqlalchemy.exc import SQLAlchemyError


class UserError(Exception):
    """Something the user can put right: exit code 2."""


class StackError(UserError):
    """A part of the laptop stack did not start or has died; the message holds its log's end."""


class NotReconciledError(Exception):
    """Figures that must be equal are not: exit code 1.

    Args:
        differences: One line each, with the day and the two figures.
    """

    def __init__(self, differences: list[str]) -> None:
        super().__init__("; ".join(differences))
        self.differences = differences


def database_reason(error: SQLAlchemyError) -> str:
    """Return what Postgres or its driver said, without the SQL and links around it."""
    cause = getattr(error, "orig", None) or error
    said = cause.args[0] if cause.args else cause
    return str(said.get("M", said) if isinstance(said, dict) else said)
