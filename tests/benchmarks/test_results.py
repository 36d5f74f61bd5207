"""The arithmetic of the report, on rounds that were made up."""

import pytest
from tests.benchmarks.orders.contenders import COMMON, NO_DATABASE, OURS
from tests.benchmarks.orders.load.generator import Sample
from tests.benchmarks.orders.results import Round, RowCheck, cells


def a_round(
    contender: str,
    created: int,
    *,
    connections: int = 64,
    seconds: float = 2,
    refused: int = 0,
    broken: int = 0,
    p50_ms: float | None = 1,
    p99_ms: float | None = 2,
    locked_up: bool = False,
) -> Round:
    sample = Sample(seconds, created + refused, refused, broken, p50_ms, p99_ms)
    return Round(contender, connections, 1, sample, locked_up)


def test_a_cell_holds_the_medians_of_its_rounds() -> None:
    rounds = [
        a_round(OURS.name, created, p50_ms=p50_ms, p99_ms=p99_ms)
        for created, p50_ms, p99_ms in [(200, 3, 9), (2000, 1, 7), (400, 2, 50)]
    ]
    (cell,) = cells(rounds)
    assert (cell.per_second, cell.p50_ms, cell.p99_ms) == (200, 2, 9)
    assert (cell.rounds, cell.errors, cell.locked_up) == (3, 0, 0)


def test_what_was_refused_is_an_error_and_no_order() -> None:
    (cell,) = cells([a_round(OURS.name, 100, seconds=1, refused=7, broken=2)])
    assert cell.per_second == 100
    assert cell.errors == 9


def test_throughput_is_compared_at_the_same_number_of_connections() -> None:
    rounds = [
        a_round(name, created, connections=connections, seconds=1)
        for connections, factor in ((1, 1), (64, 10))
        for name, created in (
            (OURS.name, 600 * factor),
            (COMMON.name, 50 * factor * factor),
            (NO_DATABASE.name, 1000 * factor),
        )
    ]
    summed = cells(rounds)
    assert [(each.connections, each.contender) for each in summed] == [
        (connections, name)
        for connections in (1, 64)
        for name in (OURS.name, COMMON.name, NO_DATABASE.name)
    ]
    ratios = [(each.to_common_pattern, each.to_no_database) for each in summed]
    assert ratios == [(12, 0.6), (1, 0.05), (20, 1), (1.2, 0.6), (1, 0.5), (2, 1)]


def test_rounds_that_locked_up_are_counted_and_are_in_no_median() -> None:
    rounds = [
        a_round(COMMON.name, 400),
        a_round(COMMON.name, 1, p99_ms=None, locked_up=True),
        a_round(COMMON.name, 0, p50_ms=None, p99_ms=None, locked_up=True),
    ]
    (cell,) = cells(rounds)
    assert (cell.per_second, cell.p50_ms, cell.p99_ms) == (200, 1, 2)
    assert (cell.rounds, cell.locked_up) == (3, 2)


def test_nothing_is_compared_with_what_only_locked_up() -> None:
    rounds = [a_round(OURS.name, 400), a_round(COMMON.name, 1, locked_up=True)]
    ours, common = cells(rounds)
    assert ours.per_second == 200
    assert ours.to_common_pattern is None
    assert common.per_second is common.to_common_pattern is common.p50_ms is None
    assert ours.to_no_database is None


@pytest.mark.parametrize(("rows", "holds"), [(99, False), (100, True), (103, True), (104, False)])
def test_every_answered_order_is_there_and_no_more_than_were_sent(
    rows: int, *, holds: bool
) -> None:
    check = RowCheck("ours", "orders", answered=100, unanswered=3, rows=rows)
    assert check.holds is holds
