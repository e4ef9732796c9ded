"""The files of a page: read once, served with their type, an ETag and the rules of what the page may do.

Rule: a page loads nothing from anywhere else, runs no script but its own files, and cannot be framed.
"""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=(), geolocation=()",
    # Asked about each time and answered 304: a page of yesterday must not speak to a server of today.
    "Cache-Control": "no-cache",
}


class Page:
    """One file, ready to be sent."""

    def __init__(self, path: Path) -> None:
        self._content = path.read_bytes()
        self._type = TYPES[path.suffix]
        self._tag = f'"{blake2b(self._content, digest_size=12).hexdigest()}"'

    def answer(self, request: Request, more: Mapping[str, str] | None = None) -> Response:
        """Return the file, or that the browser has it already."""
        headers = {**HEADERS, **(more or {}), "ETag": self._tag}
        if request.headers.get("if-none-match") == self._tag:
            return Response(status_code=304, headers=headers)
        return Response(self._content, headers=headers, media_type=self._type)


def read_pages(folder: Path) -> dict[str, Page]:
    """Return every file of the page by its name."""
    return {path.name: Page(path) for path in sorted(folder.iterdir()) if path.suffix in TYPES}
