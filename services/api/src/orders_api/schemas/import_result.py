"""What an import answers."""

from pydantic import BaseModel, Field


class LineError(BaseModel):
    """What is wrong with a line."""

    line: int = Field(description="From 1; the header of CSV is line 1.")
    field: str | None
    detail: str


class ImportResult(BaseModel):
    """What was imported, and what was not."""

    imported: int
    skipped: int = Field(description="Bad lines that were passed over, with ?on_error=skip.")
    errors: list[LineError]
    errors_omitted: int = Field(description="Errors beyond the longest list.")
