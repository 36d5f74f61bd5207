"""Kinds of addresses that an environment variable holds."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit

from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from pydantic import AfterValidator, BeforeValidator, SecretStr

from orders_api.settings.kinds import split

_LABEL: Final = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
# The last label of a name is no number: that would be a mistaken address.
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*(?!\d+\Z){_LABEL}")
_GRAPHIC: Final = re.compile(r"[!-~]+")
_BELOW: Final = "*."
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_STORAGES: Final = ("memory", "redis", "rediss", "redis+sentinel", "redis+cluster")


def _is_host(text: str) -> bool:
    """Tell whether it is a name in small letters, an IPv4 address or an IPv6 one in brackets."""
    if _NAME.fullmatch(text):
        return True
    bracketed = text.startswith("[") and text.endswith("]")
    try:
        address = ip_address(text[1:-1] if bracketed else text)
    except ValueError:
        return False
    return isinstance(address, IPv6Address if bracketed else IPv4Address)


def _host(value: str) -> str:
    name = value.lower()
    if name == "*" or _is_host(name):
        return name
    # A whole top-level domain is nobody's.
    below = name.removeprefix(_BELOW)
    if below != name and "." in below and _NAME.fullmatch(below):
        return name
    raise ValueError(
        "It must be a host name, an IPv4 address, an IPv6 address in brackets, or *.example.com;"
        " without scheme, port or space"
    )


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL with a host and without a user, or None."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    host = parts.netloc.lower().removesuffix(port)
    return parts if _is_host(host) and _GRAPHIC.fullmatch(url) else None


def _origin(value: str) -> str:
    parts = _parts(value)
    if (
        parts is None
        or value != f"{parts.scheme}://{parts.netloc.lower()}"
        or parts.scheme not in _DEFAULT_PORTS
        or parts.port == _DEFAULT_PORTS[parts.scheme]
    ):
        raise ValueError(
            "It must be an origin as browsers send it: https://host or https://host:port,"
            " in small letters, with no path and no default port"
        )
    return value


def _certs_url(value: str) -> str:
    parts = _parts(value)
    if parts is None or not (parts.scheme == "https" or _is_loopback(parts)):
        raise ValueError("It must be an https URL; http only for this machine")
    return value


def _is_loopback(parts: SplitResult) -> bool:
    if parts.scheme != "http":
        return False
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _storage(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    scheme, _, rest = url.partition("://")
    try:
        if scheme in _STORAGES and bool(rest) == (scheme != "memory"):
            # It connects to nothing.
            storage_from_string(f"async+{url}")
            return value
    except (ConfigurationError, ValueError):
        pass
    raise ValueError(
        "It must be memory://, redis://host:port, rediss://host:port,"
        " redis+sentinel://host:port/service or redis+cluster://host:port,host:port"
    )


Hosts = Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], BeforeValidator(split)]
"""Names in small letters, `*.example.com` for all below one, `*` for any."""

Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(split)]
"""Origins as browsers send them: `https://shop.example.com`."""

CertsUrl = Annotated[str, AfterValidator(_certs_url)]
"""An https URL, or one of this machine."""

CounterStorage = Annotated[SecretStr, AfterValidator(_storage)]
"""Where rates are counted: `memory://`, or a Redis as `limits` spells it."""
