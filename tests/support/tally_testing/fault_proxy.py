"""An HTTP proxy that lets a fault happen at an exact step: before or after the n-th request."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Moment = Literal["before", "after"]


class FaultProxy:
    """Forwards to `upstream` and counts; at the chosen request it runs the fault and hangs up.

    `before`: the request is never forwarded. `after`: it is, and its answer is lost.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.requests = 0
        self._fault: tuple[int, Moment, Callable[[], None]] | None = None
        self._lock = threading.Lock()

    def fail_at(self, request: int, moment: Moment, fault: Callable[[], None]) -> None:
        """Run `fault` at the request of that number, counted from 1 from now on."""
        with self._lock:
            self.requests = 0
            self._fault = (request, moment, fault)

    def pass_on(self) -> None:
        """Let no fault happen from now on; count from 0."""
        with self._lock:
            self.requests, self._fault = 0, None

    def next_fault(self) -> tuple[Moment, Callable[[], None]] | None:
        """Count a request and return the fault that is due at it."""
        with self._lock:
            self.requests += 1
            if self._fault is None or self._fault[0] != self.requests:
                return None
            return self._fault[1:]


@contextmanager
def fault_proxy(upstream: str) -> Iterator[tuple[FaultProxy, str]]:
    """Yield a proxy in front of `upstream`, and its URL."""
    proxy = FaultProxy(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _forward(proxy, self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.do_GET)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _forward(proxy: FaultProxy, request: BaseHTTPRequestHandler) -> None:
    body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
    fault = proxy.next_fault()
    if fault is not None and fault[0] == "before":
        fault[1]()
        request.close_connection = True
        return
    host, port = proxy.upstream.hostname or "", proxy.upstream.port
    upstream = http.client.HTTPConnection(host, port, timeout=60)
    try:
        upstream.request(request.command, request.path, body, dict(request.headers))
        answer = upstream.getresponse()
        content = answer.read()
    finally:
        upstream.close()
    if fault is not None:
        fault[1]()
        request.close_connection = True
        return
    request.send_response(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
            request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)
