"""Experiments with streams and with the event loop, see docs/lab.md; off in production."""
