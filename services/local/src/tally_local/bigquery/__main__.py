from __future__ import annotations

import argparse
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from tally_local.bigquery.app import create_app


class _Announcing(uvicorn.Server):
    """A server that prints its URL once it accepts requests."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for server in self.servers:
            host, port = server.sockets[0].getsockname()[:2]
            sys.stdout.write(f"http://{host}:{port}\n")
            sys.stdout.flush()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tally_local.bigquery")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9050, help="0 picks a free one")
    parser.add_argument("--data-dir", type=Path, required=True)
    arguments = parser.parse_args()
    app = create_app(arguments.data_dir)
    config = uvicorn.Config(
        app, host=arguments.host, port=arguments.port, log_level="warning", access_log=False
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops in good order first, then raises the signal again: that is no failure.
        signal.signal(number, lambda *_: sys.exit(0))
    _Announcing(config).run()


if __name__ == "__main__":
    main()
