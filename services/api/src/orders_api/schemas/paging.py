"""How lists are cut into pages."""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, Field

from orders_api.schemas.fields import Digits

MAX_LIMIT: Final = 500


class Paging(BaseModel):
    """Where a page begins and how long it is."""

    limit: Annotated[
        int, Field(ge=1), Digits, AfterValidator(lambda limit: min(limit, MAX_LIMIT))
    ] = Field(default=50, description=f"At most {MAX_LIMIT}; more is cut down to that.")
    cursor: str | None = Field(
        default=None,
        description="The next_cursor of the page before; only limit may differ from its request.",
    )
