"""What is wrong with the lines of an import, bounded however many there are."""

from typing import Any, Final

from orders_api.problems import clip

MAX_ERRORS: Final = 1000
"""Errors beyond this are counted, not listed."""


class BadLineError(Exception):
    """A line that is no order: what is wrong, and in which field if one is to blame."""

    def __init__(self, number: int, *errors: tuple[str | None, str]) -> None:
        super().__init__(number, errors)
        self.number = number
        self.errors = errors


class Report:
    """Counts good and bad lines and lists what is wrong."""

    def __init__(self) -> None:
        self.good = 0
        self.bad = 0
        self._errors: list[dict[str, Any]] = []
        self._omitted = 0

    def add(self, bad: BadLineError) -> None:
        """Take up a bad line."""
        self.bad += 1
        room = MAX_ERRORS - len(self._errors)
        for field, detail in bad.errors[:room]:
            name = None if field is None else clip(field)
            self._errors.append({"line": bad.number, "field": name, "detail": clip(detail)})
        self._omitted += max(0, len(bad.errors) - room)

    def members(self) -> dict[str, Any]:
        """Return the list for an answer: `errors`, and how many more there are."""
        return {"errors": self._errors, "errors_omitted": self._omitted}
