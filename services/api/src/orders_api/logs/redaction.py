"""What must never stand in a log is taken out of every text that goes there.

Lines of requests are made of harmless fields only; this is for texts that others make: messages
of libraries and errors, which may quote what they were given.
"""

import re
from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel, SecretStr

# A string up to its end, or up to where the line or a clipped text ends. A quote that is escaped or
# doubled is no end.
_QUOTED: Final = "|".join(
    rf"b?\\*+{quote}(?:[^{quote}\\\n]|\\++.?|{quote}{quote})*+(?:{quote}|(?=\n)|\Z)"
    for quote in "'\""
)
_WORD: Final = r"[^\s\"'<>]"
_MAILBOX: Final = r"[^\s@…\"'<>(),;:=]"

# Strangers choose texts. What begins with a run of characters begins only where the run does, and
# possessively (++), so that no run is walked again from its middle.
_PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Of a URL: user and password, then its query.
        (rf"(?<!{_WORD})((?>{_WORD}*?://)){_WORD}*@", r"\1…@"),
        (r"\?[^\s\"'<>?]*=[^\s\"'<>]*", "?…"),
        # Values that SQLAlchemy, Postgres and Pydantic quote.
        (r"(?s)\[parameters: .*?(?:\](?=\n|\Z)|\Z)", "[parameters: …]"),
        (rf"(['\"]D['\"]: )(?:{_QUOTED})", r"\1'…'"),
        (r"\)=\((?:[^\n]*\)|[^\n]*)", ")=(…)"),
        (r"input_value=[^\n]*?(?:, input_type|(?=\n)|\Z)", "input_value=…, input_type"),
        # Credentials.
        (r"(?i)\b(bearer|basic)\s++[^\s\"',]+", r"\1 …"),
        (r"(?<![\w-])[\w-]{10,}+\.[\w-]{10,}+\.[\w-]{10,}+", "…"),
        (r"\btally_[a-z2-7]{13}_[\w-]+", "…"),
        (r"(?<![\w-])(?=[\w-]*?\d)(?=[\w-]*?[A-Z])(?=[\w-]*?[a-z])[\w-]{32,}+", "…"),
        (r"\$argon2\w*+\$[^\s\"']+", "…"),
        (
            (
                r"(?i)((?:password|secret|token|api[_-]?key|authorization)(?:\\*+['\"])?\s*+[:=]\s*+)"
                rf"(?:{_QUOTED}|[^\s,;&)}}]+)"
            ),
            r"\1…",
        ),
        (rf"(?<!{_MAILBOX}){_MAILBOX}++(?:@{_MAILBOX}++)+", "…@…"),
    )
)
_MOST: Final = 32_768
_SHORTEST: Final = 6


class Redaction:
    """Takes secrets and personal values out of texts; of one over 32 Ki characters, the rest, too.

    Args:
        secrets: Values that are secret whatever stands around them.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Below some length a value is no secret, and a text without its letters no text.
        self._secrets = tuple(secret for secret in secrets if len(secret) >= _SHORTEST)

    def __call__(self, text: str) -> str:
        """Return the text without them; one that was clipped says so at its end."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        if (length := len(text)) > _MOST:
            return f"{self._without(_whole_words(text[:_MOST]))}… ({length} characters, clipped)"
        return self._without(text)

    @staticmethod
    def _without(text: str) -> str:
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


def _whole_words(text: str) -> str:
    """Return the text up to its last word: of half an e-mail address nobody can tell what it is."""
    return text[: max(text.rfind(" "), text.rfind("\n"), 0)]


def secrets_of(settings: BaseModel) -> list[str]:
    """Return the values that settings keep secret."""
    return [
        secret.get_secret_value()
        for _, value in settings
        for secret in _flat(value)
        if isinstance(secret, SecretStr)
    ]


def _flat(value: object) -> Iterable[object]:
    return [part for item in value for part in _flat(item)] if isinstance(value, tuple) else [value]
