"""The API under its real server, in a thread of the test; it writes no lines for requests."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from orders.metrics import Metrics
from orders_api.app import create_app
from orders_api.server import Server, server_config
from orders_api.settings import Settings


@contextmanager
def serving(settings: Settings, metrics: Metrics | None = None) -> Iterator[httpx.Client]:
    """Run the application and yield a client of it."""
    # With the protocol named, asyncio turns Nagle's algorithm off: 40 ms an answer otherwise.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        # Connections wait in its backlog until uvicorn is up.
        listener.listen()
        host, port = listener.getsockname()
        app = create_app(settings, metrics=metrics)
        # A test that stands still must not find the connection closed that it is about to use.
        options = {"log_level": "warning", "timeout_keep_alive": 300}
        server = Server(server_config(app, settings, **options))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://{host}:{port}", timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
