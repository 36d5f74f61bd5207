"""A bucket of Cloud Storage that holds what a folder holds, by the part of its API that reads."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

NAME = "tally-sql"


@contextmanager
def bucket(folder: Path) -> Iterator[str]:
    """Serve the files below a folder as the objects of a bucket; yield the API's URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, kind, content = _answer(folder, self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _answer(folder: Path, target: str) -> tuple[int, str, bytes]:
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    head, _, encoded = parts.path.partition(f"/storage/v1/b/{NAME}/o")
    name = unquote(encoded.removeprefix("/"))
    if head == "" and encoded == "":
        listed = json.dumps({"kind": "storage#objects"} | _items(folder, query["prefix"]))
        return 200, "application/json; charset=UTF-8", listed.encode()
    # A slash in an object's name is written %2F.
    if "/" not in encoded[1:] and query.get("alt") == "media" and (folder / name).is_file():
        return 200, "application/octet-stream", (folder / name).read_bytes()
    return 404, "text/html; charset=UTF-8", f"No such object: {NAME}/{name}".encode()


def _items(folder: Path, prefix: str) -> dict[str, list[dict[str, str]]]:
    """List what lies directly below a prefix, as with the delimiter `/`; no key where nothing."""
    files = sorted(each for each in (folder / prefix).glob("*") if each.is_file())
    items = [{"name": file.relative_to(folder).as_posix()} for file in files]
    return {"items": items} if items else {}
