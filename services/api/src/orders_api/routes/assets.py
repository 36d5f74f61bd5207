"""Files that the pages of the docs load: from our own origin, under names that never change."""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

from fastapi import Request, Response

from orders_api.schemas.encodings import takes_gzip

_PLACES: Final = {
    "swagger-ui-bundle.js": ("fastapi_offline", "static"),
    "swagger-ui.css": ("fastapi_offline", "static"),
    "redoc.standalone.js": ("fastapi_offline", "static"),
    "favicon.png": ("fastapi_offline", "static"),
    "swagger.js": ("orders_api", "pages"),
    "redoc.js": ("orders_api", "pages"),
}
_TYPES: Final = {"js": "text/javascript", "css": "text/css", "png": "image/png"}
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}
# Redoc's page asks another host for a logo of 20 pixels, which its CSP refuses; it gets one dot.
_LOGO: Final = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_DOT: Final = b"data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


@dataclass(frozen=True)
class Asset:
    """A file, as it is and compressed; `digest` changes with its content."""

    media_type: str
    digest: str
    content: bytes
    gzipped: bytes


@cache
def asset(name: str) -> Asset:
    """Return a file by its name; it stays in memory.

    Raises:
        KeyError: There is none of this name.
    """
    package, folder = _PLACES[name]
    content = (files(package) / folder / name).read_bytes().replace(_LOGO, _DOT)
    digest = sha256(content).hexdigest()[:16]
    return Asset(_TYPES[name.rpartition(".")[2]], digest, content, gzip.compress(content, mtime=0))


def asset_answer(request: Request, found: Asset) -> Response:
    """Answer with a file, compressed if the caller takes that; it may be kept for ever."""
    if not takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(found.content, 200, _HEADERS, found.media_type)
    headers = _HEADERS | {"Content-Encoding": "gzip"}
    return Response(found.gzipped, 200, headers, found.media_type)
