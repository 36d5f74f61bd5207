"""What a benchmark ran on."""

import os
import platform
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psutil

_PACKAGES = (
    "uvicorn", "uvloop", "httptools", "fastapi", "pydantic", "sqlmodel", "sqlalchemy", "pg8000",
    "psycopg", "asyncpg",
)  # fmt: skip
_FILES_WANTED = 8192


@dataclass(frozen=True)
class Machine:
    """The machine and its software."""

    system: str
    cores: int
    memory_gb: float
    python: str
    packages: dict[str, str]
    fdatasync_ms: float
    """How long the disk takes to keep 8 kB for good: the median of 50."""


def describe(directory: Path) -> Machine:
    """Describe this machine and the disk that the directory is on."""
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        cores=psutil.cpu_count() or 0,
        memory_gb=round(psutil.virtual_memory().total / 2**30, 1),
        python=platform.python_version(),
        packages={name: version(name) for name in _PACKAGES},
        fdatasync_ms=_fdatasync_ms(directory / "fdatasync"),
    )


def load_average() -> float:
    """Return how many processes wanted to run, on average of the last minute."""
    return round(psutil.getloadavg()[0], 2)


def raise_file_limit() -> None:
    """Let us and our children hold a thousand connections open."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  there is none on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(_FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _fdatasync_ms(path: Path, times: int = 50) -> float:
    # macOS and Windows have only fsync.
    sync = getattr(os, "fdatasync", os.fsync)
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.seek(0)
            began = time.perf_counter()
            file.write(bytes(8192))
            sync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return round(median(taken), 3)
