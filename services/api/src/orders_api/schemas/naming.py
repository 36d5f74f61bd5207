"""How callers may spell the names of what they send: in snake_case or in camelCase."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import AliasChoices, AliasGenerator, BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


def camel_case(name: str) -> str:
    """Return the camelCase spelling of a name in snake_case."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def snake_case(name: str) -> str:
    """Return the snake_case spelling of a name in camelCase."""
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def spellings(model: type[BaseModel]) -> dict[str, str]:
    """Return, by every name that a field of the model may be sent under, the field's name."""
    return {spelling: name for name in model.model_fields for spelling in (name, camel_case(name))}


def twin(name: str, sent: Mapping[str, Any]) -> str | None:
    """Return the snake_case spelling of a camelCase name if it was sent as well."""
    other = snake_case(name)
    return other if other != name and other in sent else None


def as_sent(pointer: str, body: Any) -> str:
    """Return a JSON pointer to a field of ours with the names under which the caller sent it."""
    names = pointer.split("/")
    for place, name in enumerate(names[1:], 1):
        if isinstance(body, list):
            body = body[int(name)]
        elif isinstance(body, dict):
            names[place] = name if name in body else _camel_if_sent(name, body)
            body = body.get(names[place])
    return "/".join(names)


def _camel_if_sent(name: str, body: Mapping[str, Any]) -> str:
    camel = camel_case(name)
    return camel if camel in body else name


def _validation_alias(name: str) -> str | AliasChoices:
    camel = camel_case(name)
    return name if camel == name else AliasChoices(name, camel)


class Body(BaseModel):
    """A JSON object as callers send it: each field in one of its spellings, nothing unknown.

    Errors name a field as it was spelled; OpenAPI shows snake_case.
    """

    model_config = ConfigDict(
        extra="forbid", alias_generator=AliasGenerator(validation_alias=_validation_alias)
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tell callers that camelCase is taken as well."""
        found = handler(schema)
        described = handler.resolve_ref_schema(found)
        described["description"] += " Names may be sent in camelCase as well."
        return found
