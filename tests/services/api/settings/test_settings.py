"""Settings of the environment: what is read, and what does not go together."""

from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from orders_api.settings import Settings, SettingsError

# Of every setting, a value that is good and not what it is if it is left out.
VALUES: Mapping[str, str] = {
    "ACCESS_TOKEN_S": "60",
    "ALLOWED_HOSTS": "tally.example.com, *.tally.example.com, localhost, 10.0.0.1, [::1]",
    "API_KEY_CACHE_S": "0",
    "AUTH": "required",
    "AWS_LAMBDA_FUNCTION_NAME": "tally",
    "BIGQUERY_DATASET": "reports",
    "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:9050",
    "BIGQUERY_LOCATION": "EU",
    "BIGQUERY_MAXIMUM_BYTES_BILLED": "1000",
    "BIGQUERY_PROJECT": "shop",
    "BIGQUERY_TIMEOUT_S": "1",
    "CORS_ORIGINS": "https://shop.example.com, https://shop.example.com:8443",
    "DATABASE_URL": "postgresql://a:b@c/d",
    "DB_CONNECT_TIMEOUT_S": "1",
    "DB_IDLE_IN_TRANSACTION_S": "1",
    "DB_IP_TYPE": "psc",
    "DB_NAME": "other",
    "DB_NOTIFIES": "false",
    "DB_POOL_SIZE": "1",
    "DB_POOL_TIMEOUT_S": "1",
    "DB_STATEMENT_TIMEOUT_S": "1",
    "DB_USER": "other",
    "DD_AGENT_HOST": "agent",
    "DD_DOGSTATSD_PORT": "1",
    "DD_DOGSTATSD_URL": "udp://agent:8125",
    "DD_ENV": "test",
    "DD_METRICS_ENABLED": "true",
    "DD_SERVICE": "tally",
    "DD_VERSION": "1",
    "DOCS": "true",
    "DRAIN_S": "9",
    "EVENTS_CLIENTS": "1",
    "EVENTS_HEARTBEAT_S": "1",
    "EVENTS_MAX_S": "1",
    "EVENTS_POLL_S": "1",
    "EVENTS_STALL_S": "1",
    "EVENTS_WINDOW": "1",
    "EXPORT_PAUSE_S": "1",
    "EXPORT_TIMEOUT_S": "1",
    "EXPORT_WAIT_S": "1",
    "FEATURES_OFF": "imports, sales, exports, events",
    "GOOGLE_AUDIENCE": "https://tally.example.com",
    "GOOGLE_CERTS_URL": "https://www.googleapis.com/oauth2/v1/certs",
    "GOOGLE_CLOUD_PROJECT": "shop",
    "GOOGLE_ISSUERS": "https://accounts.google.com",
    "HEADER_TIMEOUT_S": "1",
    "HOST": "::1",
    "IMPORT_MAX_BYTES": "1",
    "IMPORT_TIMEOUT_S": "1",
    "INSTANCE_CONNECTION_NAME": "shop:europe-west1:tally",
    "JWT_AUDIENCE": "other",
    "JWT_ISSUER": "other",
    "JWT_KEYS": f"new:{'n' * 32},old:{'o' * 32}",
    "K_SERVICE": "tally",
    "LAB": "true",
    "LOGIN_ADDRESS_LIMIT": "1 per 10 seconds",
    "LOGIN_LIMIT": "1/10seconds",
    "LOGIN_NAME_LIMIT": "1 per hour",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "debug",
    "ORDER_LOCK_TIMEOUT_S": "1",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
    "OTEL_SERVICE_NAME": "other",
    "PORT": "8080",
    "PROMETHEUS_HOST": "::1",
    "PROMETHEUS_PORT": "9090",
    "PROXIES": "1",
    "RATE_LIMIT": "1/second",
    "RATE_LIMIT_STORAGE": "rediss://:password@redis.example.com:6379/1",
    "READY_TIMEOUT_S": "1",
    "RECEIVE_TIMEOUT_S": "1",
    "REFRESH_TOKEN_S": "60",
    "REQUEST_TIMEOUT_S": "1",
    "SALES_CACHE_S": "0",
    "SEND_TIMEOUT_S": "1",
    "SERVICE_ACCOUNTS": '{"composer@shop.iam.gserviceaccount.com": "viewer"}',
    "WRITER_BATCH": "1",
    "WRITER_CONNECTIONS": "2",
    "WRITER_QUEUE": "1",
}
ONLY_ELSEWHERE = {"BIGQUERY_EMULATOR_HOST"}

PRODUCTION = {
    "K_SERVICE": "tally",
    "AUTH": "required",
    "JWT_KEYS": "first:" + "s" * 32,
    "ALLOWED_HOSTS": "tally.example.com, *.tally.example.com",
}


def test_every_setting_can_be_set() -> None:
    defaults = Settings()
    in_production = {key: text for key, text in VALUES.items() if key not in ONLY_ELSEWHERE}
    set_there = Settings.from_environment(in_production)
    set_here = Settings.from_environment({key: VALUES[key] for key in ONLY_ELSEWHERE})
    for name in Settings.model_fields:
        assert name.upper() in VALUES
        settings = set_here if name.upper() in ONLY_ELSEWHERE else set_there
        assert getattr(settings, name) != getattr(defaults, name), name


def test_lists_are_read_with_commas_between() -> None:
    settings = Settings.from_environment(
        {"GOOGLE_ISSUERS": " https://accounts.google.com, other", "ALLOWED_HOSTS": "A.example.com,"}
    )
    assert settings.google_issuers == ("https://accounts.google.com", "other")
    assert settings.allowed_hosts == ("a.example.com",)


@pytest.mark.parametrize(
    "storage",
    [
        "memory://",
        "redis://:password@redis:6379/1",
        "rediss://redis:6379",
        "redis+sentinel://sentinel:26379/primary",
        "redis+cluster://one:6379,two:6379",
    ],
)
def test_rates_are_counted_in_memory_or_in_any_redis(storage: str) -> None:
    settings = Settings.from_environment({"RATE_LIMIT_STORAGE": storage})
    assert settings.rate_limit_storage == SecretStr(storage)


def test_production_takes_what_is_complete() -> None:
    settings = Settings.from_environment(PRODUCTION)
    assert settings.allowed_hosts == ("tally.example.com", "*.tally.example.com")
    assert not settings.shows_docs


@pytest.mark.parametrize("sign", ["K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"])
def test_production_is_where_strangers_may_call(sign: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({sign: "tally"})
    assert refused.value.keys == {"auth", "jwt_keys", "allowed_hosts"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("AUTH", None),
        ("AUTH", "loopback"),
        ("JWT_KEYS", None),
        ("JWT_KEYS", ""),
        ("ALLOWED_HOSTS", None),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "tally.example.com,*"),
    ],
)
def test_production_refuses_what_would_let_strangers_in(key: str, value: str | None) -> None:
    environment = {name: text for name, text in PRODUCTION.items() if name != key}
    environment |= {} if value is None else {key: value}
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(environment)
    assert str(refused.value).startswith(f"{key}: It must ")
    assert len(str(refused.value).splitlines()) == 1


def test_what_is_wrong_hides_no_rule_of_production() -> None:
    environment = {"K_SERVICE": "tally", "JWT_KEYS": "first:short", "PORT": "http"}
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(environment)
    keys = [line.partition(":")[0] for line in str(refused.value).splitlines()]
    assert sorted(keys) == ["ALLOWED_HOSTS", "AUTH", "JWT_KEYS", "PORT"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("JWT_KEYS", "first:tell-nobody"),
        ("DATABASE_URL", "tell-nobody"),
        ("DB_POOL_SIZE", "tell-nobody"),
        ("SERVICE_ACCOUNTS", '{"a": "tell-nobody"}'),
        ("SERVICE_ACCOUNTS", "tell-nobody"),
    ],
)
def test_no_value_is_told(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({key: value})
    assert str(refused.value).startswith(f"{key}: ")
    assert "tell-nobody" not in str(refused.value)
    assert refused.value.__cause__ is None
