"""What the candidate and Cloud Monitoring answer, over HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Answers:
    """What the candidate and Cloud Monitoring answer, and what they were asked."""

    statuses: dict[str, int] = field(
        default_factory=lambda: {"/health/startup": 200, "/health/ready": 200, "/v1/orders": 401}
    )
    away: int = 0
    """How many requests are answered 503 first."""
    counts: dict[str, int] = field(default_factory=lambda: {"2xx": 200})
    """Requests by the class of their answer."""
    p95_ms: float = 80.0
    monitoring: int = 200
    """The status of Cloud Monitoring's answers."""
    token: str | None = None
    """What Cloud Run asks for before it lets anybody ask the candidate."""
    watched: Event = field(default_factory=Event)
    """Set when the candidate is first watched."""
    queries: list[dict[str, list[str]]] = field(default_factory=list)

    def timeseries(self, query: dict[str, list[str]]) -> dict[str, Any]:
        self.queries.append(query)
        self.watched.set()
        if "request_count" in query["filter"][0]:
            series = [
                {
                    "metric": {"labels": {"response_code_class": kind}},
                    "points": [{"value": {"int64Value": str(count)}}],
                }
                for kind, count in self.counts.items()
            ]
        else:
            series = [{"points": [{"value": {"doubleValue": self.p95_ms}}]}] if self.counts else []
        # Without series Cloud Monitoring leaves the key out.
        return {"timeSeries": series} if series else {}


class Handler(BaseHTTPRequestHandler):
    answers: Answers

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        body = b""
        if url.path.startswith("/v3/"):
            status = self.answers.monitoring
            body = json.dumps(self.answers.timeseries(parse_qs(url.query))).encode()
        elif self.answers.away:
            self.answers.away -= 1
            status = 503
        elif self.headers["X-Serverless-Authorization"] == self.answers.token:
            status = self.answers.statuses[url.path]
        else:
            status = 403
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def answering(answers: Answers) -> Iterator[str]:
    """Give these answers at a URL until the block ends."""
    handler = type("Answering", (Handler,), {"answers": answers})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
