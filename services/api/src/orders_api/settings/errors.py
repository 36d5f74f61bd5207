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
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return {str(item["loc"][0]): _text(item["msg"], item["loc"][1:]) for item in found}


def _text(message: str, place: Iterable[str | int]) -> str:
    where = ".".join(str(part) for part in place)
    text = message.removeprefix("Value error, ")
    return f"{where}: {text}" if where else text
