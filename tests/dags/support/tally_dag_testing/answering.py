"""A server that gives the answers it was told, one after the other, and keeps the requests."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answering:
    """What comes and what goes.

    Attributes:
        url: Of the server.
        answers: Status and body; text is sent as it is. The last one is given for ever.
        requests: Path and headers of each request.
        bodies: What came with each, read as JSON; None where nothing did.
    """

    url: str
    answers: list[tuple[int, Any]]
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)


@contextmanager
def answering(
    *answers: tuple[int, Any],
    tls: ssl.SSLContext | None = None,
    headers: dict[str, str] | None = None,
) -> Iterator[Answering]:
    """Yield such a server, under https with `tls`."""
    told = Answering("", list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.requests.append((self.path, dict(self.headers)))
            told.bodies.append(json.loads(body or "null"))
            status, answer = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            text = isinstance(answer, str)
            content = (answer if text else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if text else "application/json")
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    told.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
