"""When API keys were used last: gathered in memory, written in the background."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Final

from anyio.to_thread import run_sync

from orders_api.clients.database import Database
from orders_api.services.access import api_keys

_log = logging.getLogger(__name__)
_EVERY_S: Final = 60.0


class KeyUses:
    """Remembers the last use of each key until it is written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: dict[str, float] = {}

    def note(self, prefix: str) -> None:
        """Remember that the key with this prefix is used now."""
        self._last[prefix] = monotonic()

    async def write(self) -> None:
        """Write what was noted; what the database does not take now, it gets the next time."""
        if not self._last:
            return
        noted, self._last = self._last, {}
        ages = {prefix: monotonic() - at for prefix, at in noted.items()}
        try:
            await run_sync(api_keys.note_uses, self._database, ages)
        except Exception:  # noqa: BLE001  whatever it is, it must end neither us nor a request
            _log.exception("the last uses of API keys are not written yet")
            self._last = noted | self._last


@asynccontextmanager
async def key_uses(database: Database, *, every_s: float = _EVERY_S) -> AsyncIterator[KeyUses]:
    """Yield what writes the uses of keys so often, and when the block ends."""
    uses = KeyUses(database)

    async def write() -> None:
        while True:
            await asyncio.sleep(every_s)
            await uses.write()

    task = asyncio.create_task(write())
    try:
        yield uses
    finally:
        task.cancel()
        await asyncio.wait([task])
        await uses.write()
