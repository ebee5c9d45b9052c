"""What is served as it is: files read once, found by their exact names, known again by their digests."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from starlette.requests import Request
from starlette.responses import Response

STATIC: Final = Path(__file__).parent / "static"

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
}
"""What each kind of file is; the system's own table may say otherwise. Others aren't served."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """Some content, plain and compressed, its type, and the tag by which a browser asks for it again."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> Self:
        """Return content with its tag."""
        return cls(
            content=content,
            compressed=gzip.compress(content, mtime=0),
            media_type=media_type,
            etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        )

    def answer(self, request: Request) -> Response:
        """Answer a request, with 304 if the browser has the same."""
        tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
        if self.etag in tags:
            return Response(status_code=304, headers={"etag": self.etag})
        headers = {"etag": self.etag, "vary": "accept-encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.content, media_type=self.media_type, headers=headers)
        headers["content-encoding"] = "gzip"
        return Response(self.compressed, media_type=self.media_type, headers=headers)


def files_in(folder: Path) -> dict[str, Served]:
    """Return the files of a folder, by their paths from there, as ``parts/knob.js``.

    A server goes on with what it began with, so that no page gets modules of two versions. What isn't in here
    isn't served, whatever a request is called: no path of the disk is made of one.
    """
    return {
        path.relative_to(folder).as_posix(): Served.of(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.suffix in TYPES and path.is_file() and not path.is_symlink()
    }
