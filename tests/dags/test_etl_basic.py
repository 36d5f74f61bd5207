"""A whole run of the housekeeping."""

from collections.abc import Callable
from datetime import date

from tally_dag_testing.runs import Run
from tally_dag_testing.shop import Shop


def test_what_has_expired_is_gone_and_a_second_run_does_no_harm(
    shop: Shop, run_dag: Callable[..., Run], day: date
) -> None:
    shop.sql(
        "INSERT INTO idempotency_keys (caller, key, fingerprint, answer, expires_at)"
        " VALUES ('alice', 'old', '', '{}', tally_now() - interval '1 day'),"
        " ('alice', 'new', '', '{}', tally_now() + interval '30 days')"
    )
    at = shop.end(day)
    assert run_dag("etl_basic", at).succeeded()
    assert shop.sql("SELECT string_agg(key, ',') FROM idempotency_keys") == "new"
    assert run_dag("etl_basic", at).succeeded()
