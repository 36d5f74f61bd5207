"""What must never stand in a log is taken out of every text that goes there.

Lines of requests are made of harmless fields only; this is for texts that others make: messages
of libraries and errors, which may quote what they were given.
"""

import re
from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel, SecretStr

_PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # Of a URL: user and password, then its query.
        (r"://[^/\s@]*@", "://…@"),
        (r"\?[^\s\"'<>?]*=[^\s\"'<>]*", "?…"),
        # Values that SQLAlchemy, Postgres and Pydantic quote.
        (r"(?s)\[parameters: .*?\](?=\n|$)", "[parameters: …]"),
        (r"(['\"]D['\"]: )(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", r"\1'…'"),
        (r"\)=\([^\n]*\)", ")=(…)"),
        (r"input_value=.*?, input_type", "input_value=…, input_type"),
        # Credentials.
        (r"(?i)\b(bearer|basic)\s+[^\s\"',]+", r"\1 …"),
        (r"\b[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}", "…"),
        (r"\btally_[a-z2-7]{13}_[\w-]+", "…"),
        (r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])[\w-]{32,}", "…"),
        (r"\$argon2\w*\$[^\s\"']+", "…"),
        (
            (
                r"(?i)((?:password|secret|token|api[_-]?key|authorization)['\"]?\s*[:=]\s*)"
                r"(?:'[^']*'|\"[^\"]*\"|[^\s,;&)}]+)"
            ),
            r"\1…",
        ),
        (r"[^\s@\"'<>(),;:=]+@[^\s@\"'<>(),;:=]+\.\w+", "…@…"),
    )
)
_SHORTEST: Final = 6


class Redaction:
    """Takes secrets and personal values out of texts.

    Args:
        secrets: Values that are secret whatever stands around them.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Below some length a value is no secret, and a text without its letters no text.
        self._secrets = tuple(secret for secret in secrets if len(secret) >= _SHORTEST)

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text


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
