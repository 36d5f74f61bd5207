"""What is wrong with settings, all of it at once, and never what a secret is."""

from collections.abc import Iterable, Mapping

from pydantic import ValidationError


class SettingsError(ValueError):
    """Keys of the environment are missing or wrong; the message has a line for each.

    Args:
        faults: By key, what is wrong.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("\n".join(f"{key.upper()}: {fault}" for key, fault in faults.items()))
        self.keys = frozenset(faults)


def faults_of(error: ValidationError) -> dict[str, str]:
    """Return by key what Pydantic says, without the values that it was given."""
    faults: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        key = str(item["loc"][0])
        text = _text(item["msg"], item["loc"][1:])
        faults[key] = f"{faults[key]}; {text}" if key in faults else text
    return faults


def _text(message: str, place: Iterable[str | int]) -> str:
    # Of a list: people count from one.
    where = "".join(f"number {part + 1}: " for part in place if isinstance(part, int))
    return where + message.removeprefix("Value error, ")
