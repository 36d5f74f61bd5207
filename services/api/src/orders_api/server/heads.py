"""What a head must say before its request has a meaning: how long it is, and for which host."""

from typing import Final

from orders.problems import BadRequest

_VERSIONS: Final = {"1.0", "1.1"}


def check_head(version: str, headers: list[tuple[bytes, bytes]]) -> None:
    """Refuse what the parser lets pass, though a proxy before us may read it otherwise.

    Args:
        version: Of HTTP, such as `1.1`.
        headers: Names in lower case.

    Raises:
        BadRequest: What is wrong (RFC 9112, 2.3, 3.2 and 6.1).
    """
    hosts, codings = [], []
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"transfer-encoding":
            codings.append(value.lower())
    if version not in _VERSIONS:
        raise BadRequest("The version must be HTTP/1.1 or HTTP/1.0.")
    if len(hosts) > 1 or (version == "1.1" and not (hosts and hosts[0])):
        raise BadRequest("There must be one Host header, and it must name a host.")
    if codings and (version == "1.0" or codings != [b"chunked"]):
        raise BadRequest("The only Transfer-Encoding is chunked, once, in HTTP/1.1.")
