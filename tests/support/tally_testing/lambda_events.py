"""Requests as the events that AWS Lambda gets for them.

Each kind takes a method, a path, a query, headers with all their values, and the members `body`
and `isBase64Encoded` of the event.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl

Event = dict[str, Any]
Headers = dict[str, list[str]]
MakeEvent = Callable[[str, str, str, Headers, Event], Event]
STRANGER: Final = "203.0.113.9"
"""Who calls."""


def _single(headers: Headers, separator: str | None = ",") -> dict[str, str]:
    """Headers as one value each: joined, or the last one."""
    return {k: separator.join(v) if separator else v[-1] for k, v in headers.items()}


def rest(method: str, path: str, query: str, headers: Headers, body: Event) -> Event:
    parameters: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters.setdefault(name, []).append(value)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": _single(headers, None) or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": _single(parameters, None) or None,
        "multiValueQueryStringParameters": parameters or None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "resourceId": "a1b2c3",
            "resourcePath": "/{proxy+}",
            "httpMethod": method,
            "path": f"/prod{path}",
            "stage": "prod",
            "protocol": "HTTP/1.1",
            "domainName": "abc123.execute-api.eu-west-1.amazonaws.com",
            "identity": {"sourceIp": STRANGER, "userAgent": "curl/8.5.0"},
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        },
        **body,
    }


def http_1(method: str, path: str, query: str, headers: Headers, body: Event) -> Event:
    return {"version": "1.0", **rest(method, path, query, headers, body)}


def http_2(method: str, path: str, query: str, headers: Headers, body: Event) -> Event:
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": _single(headers),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.eu-west-1.amazonaws.com",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": STRANGER,
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
        },
        **body,
    }
    if event["body"] is None:
        del event["body"]
    return event


def http_2_stage(method: str, path: str, query: str, headers: Headers, body: Event) -> Event:
    event = http_2(method, f"/prod{path}", query, headers, body)
    event["requestContext"]["stage"] = "prod"
    return event


def function_url(method: str, path: str, query: str, headers: Headers, body: Event) -> Event:
    event = http_2(method, path, query, headers, body)
    event["requestContext"]["domainName"] = "abc123.lambda-url.eu-west-1.on.aws"
    return event


def balancer_multi(method: str, path: str, query: str, headers: Headers, body: Event) -> Event:
    parameters: dict[str, list[str]] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        parameters.setdefault(name, []).append(value)
    group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/tally/49e9d65c45c6"
    return {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": method,
        "path": path,
        "multiValueQueryStringParameters": parameters,
        "multiValueHeaders": {
            "host": ["tally.example"],
            "x-forwarded-for": [f"127.0.0.1, {STRANGER}"],
            "x-forwarded-port": ["443"],
            "x-forwarded-proto": ["https"],
            **headers,
        },
        "body": body["body"] or "",
        "isBase64Encoded": body["isBase64Encoded"],
    }


def balancer(method: str, path: str, query: str, headers: Headers, body: Event) -> Event:
    event = balancer_multi(method, path, query, headers, body)
    lists = event.pop("multiValueQueryStringParameters")
    event["queryStringParameters"] = _single(lists, None)
    event["headers"] = _single(event.pop("multiValueHeaders"), None)
    return event


KINDS: Final[list[MakeEvent]] = [
    rest,
    http_1,
    http_2,
    http_2_stage,
    function_url,
    balancer_multi,
    balancer,
]
