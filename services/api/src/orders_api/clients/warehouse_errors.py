"""What the warehouse fails with."""


class WarehouseError(Exception):
    """It did not answer, or refused to."""


class TooExpensiveError(WarehouseError):
    """It would have to read more for this query than may be paid for."""
