"""The API as a process: uvicorn, with limits on what a stranger's connection may cost."""

from orders_api.server.process import serve
from orders_api.server.server import Server, server_config

__all__ = ["Server", "serve", "server_config"]
