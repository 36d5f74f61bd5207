"""Google's analyzer as WebAssembly, run by wasmtime.

The package's own client copies requests byte by byte and compiles the module at each start (9 to
17 s); this one copies blocks and lets wasmtime keep the compiled module in the user's cache
directory, so that only the very first start of a machine compiles it (later: 0.3 s).
wasmtime's calls release the GIL.
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
import threading
from pathlib import Path
from typing import Any, Final, TypeVar

from google.protobuf.message import Message
from wasmtime import Config, Engine, Linker, Module, Store, WasiConfig

Answer = TypeVar("Answer", bound=Message)
_POINTER_BYTES: Final = 4


class AnalyzerRefusalError(Exception):
    """Google's analyzer refused a statement; the text is its own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _engine() -> Engine:
    config = Config()
    config.cache = True
    # The module's threads support needs it; older runtimes have it on and know no switch.
    if hasattr(Config, "shared_memory"):
        config.shared_memory = True
    return Engine(config)


def _wasi() -> WasiConfig:
    wasi = WasiConfig()
    wasi.inherit_stderr()
    found = importlib.util.find_spec("tzdata")
    if found is not None and found.origin is not None:
        zones = Path(found.origin).parent / "zoneinfo"
        wasi.preopen_dir(str(zones), "/usr/share/zoneinfo")
    return wasi


class WasmRuntime:
    """One instance of the module; calls are made one at a time."""

    def __init__(self, module_path: Path) -> None:
        engine = _engine()
        self._store = Store(engine)
        self._store.set_wasi(_wasi())
        linker = Linker(engine)
        linker.define_wasi()
        instance: Any = linker.instantiate(self._store, Module.from_file(engine, str(module_path)))
        self._exports: Any = instance.exports(self._store)
        self._exports["_initialize"](self._store)
        self._memory: Any = self._exports["memory"]
        self._lock = threading.Lock()

    def call(self, method: str, request: Message, answer: type[Answer]) -> Answer:
        """Call one method of the analyzer's local service."""
        with self._lock:
            return answer.FromString(self._call(method, request.SerializeToString()))

    def _call(self, method: str, data: bytes) -> bytes:
        function = self._exports[f"ZetaSqlLocalService_{method}"]
        request = self._allocate(max(len(data), 1))
        size = self._allocate(_POINTER_BYTES)
        try:
            ctypes.memmove(self._address(request), data, len(data))
            answer = function(self._store, request, len(data), size)
            if answer == 0:
                raise self._refusal()
            length = int.from_bytes(self._read(size, _POINTER_BYTES), "little")
            out = self._read(answer, length)
            self._free(answer)
            return out
        finally:
            self._free(request)
            self._free(size)

    def _refusal(self) -> AnalyzerRefusalError:
        size = self._exports["wasm_get_last_error_size"](self._store)
        text = self._read(self._exports["wasm_get_last_error"](self._store), size).decode()
        found = re.match(r"Code: (\d+), Message: (.*)", text, re.DOTALL)
        return AnalyzerRefusalError(*_parts(found, text))

    def _allocate(self, size: int) -> int:
        return int(self._exports["wasm_malloc"](self._store, size))

    def _free(self, pointer: int) -> None:
        self._exports["wasm_free"](self._store, pointer)

    def _address(self, pointer: int) -> int:
        # Asked anew each time: the module's memory may have grown, and moved, since the last call.
        shared = not hasattr(self._memory, "read")
        base = self._memory.data_ptr() if shared else self._memory.data_ptr(self._store)
        return ctypes.addressof(base.contents) + (pointer & 0xFFFFFFFF)

    def _read(self, pointer: int, size: int) -> bytes:
        return ctypes.string_at(self._address(pointer), size)


def _parts(found: re.Match[str] | None, text: str) -> tuple[int, str]:
    return (int(found[1]), found[2]) if found else (0, text)
