"""Settings that are wrong: all are named, with what they must be and without what they were."""

import pytest
from tests.services.api.settings.test_settings import PRODUCTION

from orders_api.settings import Settings, SettingsError

SECRET = "s" * 32
STORAGES = ["", "foo", "memory://x", "memcached://cache:11211", "redis://cache", "redis://c:1?db=x"]
HOSTS = [
    "*.",
    "*.com",
    "*.*",
    "**",
    "*example.com",
    "a.*.example.com",
    "https://example.com",
    "example.com:443",
    "exa mple.com",
    "exa_mple.com",
    "-example.com",
    "example.com.",
    "a..example.com",
    "10.0.0",
    "::1",
    "[10.0.0.1]",
    "a" * 64,
    "example.com/",
    "ex\u00e4mple.com",
]
ORIGINS = [
    "*",
    "null",
    "example.com",
    "https://",
    "https://a.example.com/",
    "https://a.example.com/path",
    "https://A.example.com",
    "https://*.example.com",
    "https://a.example.com:443",
    "https://a.example.com:0",
    "https://a.example.com:x",
    "https://u@a.example.com",
    "https://a.example.com?",
    "ftp://a.example.com",
]
CERTS = [
    "",
    "certs",
    "http://certs.example.com",
    "http://localhost.example.com",
    "file:///certs",
    "ftp://localhost/certs",
    "https://",
    "https://u:p@certs.example.com",
    "https://certs.example.com/a b",
    " https://certs.example.com",
]
RATES = ["", "6000", "0/minute", "-1/minute", "1/0 minute", "1/lightyear", "5/minute;10/hour"]
ACCOUNTS = [
    "",
    "[]",
    "null",
    "viewer",
    '{"a@b": "owner"}',
    '{"a@b": ["viewer"]}',
    '{"a@b": "viewer", "a@b": "admin"}',
    '{"nobody": "viewer"}',
]
FLOATS = [
    name.upper()
    for name, field in Settings.model_fields.items()
    if field.annotation in {float, float | None}
]
WRONG = [
    *(("RATE_LIMIT_STORAGE", value) for value in STORAGES),
    *(("ALLOWED_HOSTS", value) for value in HOSTS),
    *(("CORS_ORIGINS", value) for value in ORIGINS),
    *(("GOOGLE_CERTS_URL", value) for value in CERTS),
    *(("LOGIN_LIMIT", value) for value in RATES),
    *(("SERVICE_ACCOUNTS", value) for value in ACCOUNTS),
    *((key, value) for key in FLOATS for value in ("inf", "nan", "-inf", "1e300")),
    *((key, "") for key in ("GOOGLE_AUDIENCE", "GOOGLE_ISSUERS", "BIGQUERY_EMULATOR_HOST")),
    *((key, " ") for key in ("JWT_ISSUER", "JWT_AUDIENCE", "BIGQUERY_PROJECT")),
    ("JWT_KEYS", f"new:{SECRET},old:{SECRET}"),
    ("API_KEY_CACHE_S", "301"),
    ("HEADER_TIMEOUT_S", "601"),
    ("RECEIVE_TIMEOUT_S", "601"),
    ("REFRESH_TOKEN_S", str(367 * 86_400)),
]


def refusal(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(environment)
    return str(refused.value)


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_value_is_refused_and_not_told(key: str, value: str) -> None:
    said = refusal({key: value})
    assert said.startswith(f"{key}: ")
    assert len(said.splitlines()) == 1
    # Such as are no part of what it must be.
    if len(value) > len("redis://host:"):
        assert value not in said


def test_every_wrong_part_of_a_list_is_named_by_its_number() -> None:
    must = "It must be a host name, an IPv4 address, an IPv6 address in brackets, or *.example.com;"
    must += " without scheme, port or space"
    said = refusal({"ALLOWED_HOSTS": "a.example.com,*.com,b.example.com,b:80"})
    assert said == f"ALLOWED_HOSTS: number 2: {must}; number 4: {must}"


def test_a_role_that_is_none_is_told_by_those_that_are() -> None:
    assert refusal({"SERVICE_ACCOUNTS": '{"a@b": "owner"}'}) == (
        'SERVICE_ACCOUNTS: It must be JSON, {"<e-mail>": "<role>"}, '
        "of the roles viewer, clerk, manager, admin"
    )


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = {
        "RATE_LIMIT_STORAGE": "foo",
        "ALLOWED_HOSTS": "*.com",
        "CORS_ORIGINS": "http://a.example.com",
        "GOOGLE_CERTS_URL": "http://127.0.0.1/certs",
        "GOOGLE_AUDIENCE": "",
        "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:9050",
        "JWT_KEYS": "a:b",
        "RATE_LIMIT": "0/minute",
        "DRAIN_S": "9.5",
        "AUTH": "loopback",
        "PROXIES": "-1",
    }
    lines = refusal(PRODUCTION | wrong).splitlines()
    assert {line.partition(":")[0] for line in lines} == set(wrong)
    assert len(lines) == len(wrong)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("CORS_ORIGINS", "http://localhost:5173"),
        ("GOOGLE_CERTS_URL", "http://127.0.0.1:8000/certs"),
        ("GOOGLE_CERTS_URL", "http://localhost/certs"),
        ("GOOGLE_CERTS_URL", "http://[::1]:8000/certs"),
        ("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9050"),
        ("ALLOWED_HOSTS", "*"),
        ("DRAIN_S", "600"),
    ],
)
def test_what_is_good_on_a_laptop_is_refused_in_production(key: str, value: str) -> None:
    Settings.from_environment({key: value})
    assert refusal(PRODUCTION | {key: value}).startswith(f"{key}: It must ")


def test_behind_a_proxy_nobody_is_this_machine() -> None:
    assert refusal({"PROXIES": "1"}).startswith("AUTH: It must be required with PROXIES")
    assert Settings.from_environment({"PROXIES": "1", "AUTH": "required"}).proxies == 1


def test_only_cloud_run_kills_after_ten_seconds() -> None:
    elsewhere = {key: value for key, value in PRODUCTION.items() if key != "K_SERVICE"}
    on_lambda = elsewhere | {"AWS_LAMBDA_FUNCTION_NAME": "tally", "DRAIN_S": "10"}
    assert Settings.from_environment(on_lambda).drain_s == 10
