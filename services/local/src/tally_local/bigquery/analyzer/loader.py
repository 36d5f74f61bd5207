from __future__ import annotations

import threading
from concurrent.futures import Future

from tally_local.bigquery.analyzer.service import Analyzer
from tally_local.bigquery.errors import UnsupportedError


class AnalyzerLoader:
    """Loads the analyzer in the background, once a process; whoever needs it waits for it."""

    _shared: Future[Analyzer] | None = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        with self._lock:
            if AnalyzerLoader._shared is None:
                AnalyzerLoader._shared = _started()
        self._future = AnalyzerLoader._shared

    @property
    def state(self) -> str:
        """`loading`, `ready` or `failed`."""
        if not self._future.done():
            return "loading"
        return "failed" if self._future.exception() else "ready"

    def get(self) -> Analyzer:
        """Return the analyzer; without one no statement is run at all."""
        failure = self._future.exception()
        if failure is not None:
            raise UnsupportedError(
                f"Google's analyzer did not load, so no statement can be checked: {failure}"
            )
        return self._future.result()


def _started() -> Future[Analyzer]:
    future: Future[Analyzer] = Future()

    def load() -> None:
        try:
            future.set_result(Analyzer())
        except Exception as error:  # noqa: BLE001 - kept, and told to whoever asks
            future.set_exception(error)

    threading.Thread(target=load, name="analyzer-loader", daemon=True).start()
    return future
