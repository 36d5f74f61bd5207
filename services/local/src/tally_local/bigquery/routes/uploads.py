"""Uploads of load jobs: multipart in one request, resumable in as many as it takes."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tally_local.bigquery.engine import Engine
from tally_local.bigquery.errors import InvalidError, NotFoundError
from tally_local.bigquery.jobs.job import Job
from tally_local.bigquery.load.run import submit_load
from tally_local.bigquery.routes.http import parse_json, read_body
from tally_local.bigquery.routes.jobs import new_job

_PATIENCE_SECONDS: Final = 5.0
_INCOMPLETE: Final = 308


@dataclass
class Upload:
    """A resumable upload on its way."""

    path: Path
    metadata: dict[str, Any]


class Uploads:
    """The resumable uploads that are under way, and the folder where files arrive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Upload] = {}

    def new_file(self) -> Path:
        """Return the path of a file to be."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / uuid.uuid4().hex

    def begin(self, metadata: dict[str, Any]) -> str:
        """Begin a resumable upload and return its id."""
        upload_id = uuid.uuid4().hex
        path = self.new_file()
        path.touch()
        self._open[upload_id] = Upload(path, metadata)
        return upload_id

    def find(self, upload_id: str) -> Upload:
        """Return an upload under way, or raise NotFoundError."""
        if upload_id not in self._open:
            raise NotFoundError(f"Not found: Upload {upload_id}")
        return self._open[upload_id]

    def end(self, upload_id: str) -> Upload:
        """Take a finished upload out."""
        return self._open.pop(upload_id)

    def clear(self) -> None:
        """Delete what earlier processes left half uploaded."""
        for path in self._folder.glob("*"):
            path.unlink()


async def _post(request: Request) -> Response:
    kind = request.query_params.get("uploadType")
    if kind == "multipart":
        return await _multipart(request)
    if kind == "resumable":
        return await _begin(request)
    raise InvalidError("uploadType must be multipart or resumable")


async def _multipart(request: Request) -> Response:
    found = re.search(r"boundary=\"?([^\";]+)\"?", request.headers.get("content-type", ""))
    if found is None:
        raise InvalidError("A multipart upload needs a boundary")
    metadata, media = split_parts(await read_body(request), found[1].encode())
    uploads: Uploads = request.state.uploads
    path = uploads.new_file()
    await run_in_threadpool(path.write_bytes, media)
    return await run_in_threadpool(_start, request, parse_json(metadata), path)


def split_parts(body: bytes, boundary: bytes) -> tuple[bytes, bytes]:
    """Return the two parts of a multipart/related body: the metadata and the media."""
    parts = body.split(b"--" + boundary)
    if len(parts) < 4:  # noqa: PLR2004 - before, metadata, media, after
        raise InvalidError("A multipart upload needs two parts")
    # The media may hold the boundary by chance nowhere else: the client chose it so.
    return _content(parts[1]), _content(parts[2])


def _content(part: bytes) -> bytes:
    for separator in (b"\r\n\r\n", b"\n\n"):
        _, found, content = part.partition(separator)
        if found:
            newline = separator[: len(separator) // 2]
            return content.removesuffix(newline)
    raise InvalidError("A part of the multipart upload has no headers")


def _start(request: Request, metadata: dict[str, Any], path: Path) -> Response:
    engine: Engine = request.state.engine
    try:
        job = _load_job(request, engine, metadata)
    except Exception:
        path.unlink(missing_ok=True)
        raise
    submit_load(engine, job, path)
    job.done.wait(_PATIENCE_SECONDS)
    return JSONResponse(job.resource())


def _load_job(request: Request, engine: Engine, metadata: dict[str, Any]) -> Job:
    job = new_job(request, engine, metadata)
    if job.configuration["jobType"] != "LOAD":
        raise InvalidError("Only load jobs take an upload")
    return job


async def _begin(request: Request) -> Response:
    metadata = parse_json(await read_body(request))
    uploads: Uploads = request.state.uploads
    upload_id = await run_in_threadpool(uploads.begin, metadata)
    location = request.url.include_query_params(upload_id=upload_id)
    return JSONResponse({}, headers={"Location": str(location), "X-GUploader-UploadID": upload_id})


async def _put(request: Request) -> Response:
    upload_id = request.query_params.get("upload_id", "")
    uploads: Uploads = request.state.uploads
    upload = uploads.find(upload_id)
    total = await _receive(request, upload)
    size = upload.path.stat().st_size
    if total is None or size < total:
        received = {"Range": f"bytes=0-{size - 1}"} if size else {}
        return Response(status_code=_INCOMPLETE, headers=received)
    uploads.end(upload_id)
    return await run_in_threadpool(_start, request, upload.metadata, upload.path)


async def _receive(request: Request, upload: Upload) -> int | None:
    """Append a chunk, and return how long the file will be, if that is known."""
    place = parse_range(request.headers)
    body = await read_body(request)
    if place is None:
        await run_in_threadpool(upload.path.write_bytes, body)
        return len(body)
    start, total = place
    if start is not None:
        await run_in_threadpool(_write_at, upload.path, start, body)
    return total


def parse_range(headers: Mapping[str, str]) -> tuple[int | None, int | None] | None:
    """Read Content-Range: where the chunk begins, and the whole length where it is known."""
    raw = headers.get("content-range")
    if raw is None:
        return None
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", raw.strip())
    if found is None:
        raise InvalidError(f"Invalid Content-Range: {raw}")
    start = int(found[1]) if found[1] is not None else None
    return start, None if found[2] == "*" else int(found[2])


def _write_at(path: Path, start: int, body: bytes) -> None:
    if start > path.stat().st_size:
        raise InvalidError("A chunk is missing before this one")
    with path.open("r+b") as file:
        file.seek(start)
        file.write(body)


_PATHS: Final = ("/upload/bigquery/v2", "/resumable/upload/bigquery/v2")
UPLOADS: Final[list[Route]] = [
    route
    for base in _PATHS
    for route in (
        Route(base + "/projects/{project}/jobs", _post, methods=["POST"]),
        Route(base + "/projects/{project}/jobs", _put, methods=["PUT"]),
    )
]
