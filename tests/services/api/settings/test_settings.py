"""Settings of the environment: what is read, and what does not go together."""

import pytest

from orders_api.settings import Settings, SettingsError

PRODUCTION = {
    "K_SERVICE": "tally",
    "AUTH": "required",
    "JWT_KEYS": "first:" + "s" * 32,
    "ALLOWED_HOSTS": "tally.example.com, *.tally.example.com",
}


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
