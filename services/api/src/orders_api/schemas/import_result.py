"""What an import answers."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE: Final[dict[str, Any]] = {
    "imported": 2,
    "skipped": 1,
    "errors": [{"line": 3, "field": "region", "detail": "Field required"}],
    "errors_omitted": 0,
}


class LineError(BaseModel):
    """What is wrong with a line."""

    line: int = Field(description="From 1; the header of CSV is line 1.")
    field: str | None
    detail: str


class ImportResult(BaseModel):
    """What was imported, and what was not."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    imported: int
    skipped: int = Field(description="Bad lines that were passed over, with ?on_error=skip.")
    errors: list[LineError]
    errors_omitted: int = Field(description="Errors beyond the longest list.")
