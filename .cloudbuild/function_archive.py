#!/usr/bin/env python3
"""Makes the Cloud Function's archive.

    .cloudbuild/function_archive.py dist/functions.zip

It has main.py, the packages load_orders (with the schema files of the tables) and orders, and
requirements.txt with hashes, and serves all three entry points. The same sources give the same
bytes, on any machine: builds name it by its hash, and an unchanged function is not built again.
It needs uv.
"""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[1]
_FUNCTION: Final = _ROOT / "functions" / "load_orders"
_LIBRARY: Final = _ROOT / "services" / "orders" / "src" / "orders"
_SCHEMAS: Final = _ROOT / "terraform" / "modules" / "bigquery" / "schemas"
_EXPORT: Final = (
    *("uv", "export", "--quiet", "--frozen", "--package", "load-orders", "--no-emit-workspace"),
    *("--no-dev", "--no-header", "--no-annotate", "--format", "requirements.txt"),
)


def main(arguments: list[str]) -> int:
    """Write the archive to the path that is given and return the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)  # noqa: T201  a command's answer
        return 2
    target = Path(arguments[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not compressed: what deflate makes of the same bytes differs between versions of zlib.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(_content()):
            # Its time is the first that a zip file can name, unless another is given.
            member = zipfile.ZipInfo(name)
            member.create_system = 3
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)
    return 0


def _content() -> Iterator[tuple[str, bytes]]:
    yield "main.py", (_FUNCTION / "main.py").read_bytes()
    yield from _files(_FUNCTION / "load_orders", "load_orders")
    yield from _files(_SCHEMAS, "load_orders/schemas")
    yield from _files(_LIBRARY, "orders")
    exported = subprocess.run(_EXPORT, cwd=_ROOT, check=True, stdout=subprocess.PIPE)  # noqa: S603
    yield "requirements.txt", exported.stdout


def _files(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
