"""Logs: one line an event on standard output, for Cloud Logging or for a terminal."""

from orders_api.logs.access import Answered
from orders_api.logs.requests import note_request
from orders_api.logs.setup import access_log, configure, flush

__all__ = ["Answered", "access_log", "configure", "flush", "note_request"]
