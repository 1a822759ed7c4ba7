"""The studio: the browser application at a server's root, as files built into the package.

Rules:

1. Only files that were in the folder when the server started are served, from memory. So no path
   leads out of the folder, and a build that replaces the files below a running server is not mixed
   with the one that browsers have begun to load.
2. Files are the same for everybody and hold no data, so they need no authentication. Requests of
   the application to the API do.
3. Names below ``assets/`` contain a hash of their content and are cached for good; all others are
   revalidated each time, with an empty answer while they are unchanged.
4. Nothing is loaded from another origin, and no other script is run. Requests go to this server
   alone, and where browsers sign in at an OpenID provider, to that one.

``make studio`` builds the files (``hatch_build.py`` puts them into a wheel); until then the plain
page is at the root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from statehold.server.headers import header

#: where the build puts them
FOLDER = Path(__file__).parents[1] / "studio"

#: where the pages may send requests beside this server: origins
ConnectsTo = Callable[[], Collection[str]]


def content_security_policy(connects_to: Collection[str] = ()) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            # a picture that is copied or saved is drawn from a blob first
            "img-src 'self' data: blob:",
            " ".join(("connect-src 'self'", *sorted(connects_to))),
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_FOR_GOOD = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"

#: files of other kinds, and in other folders, are for other readers than browsers
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
#: as the build leaves them beside a file, the smallest first
_CODINGS = (("br", ".br"), ("gzip", ".gz"))


def studio_routes(folder: Path = FOLDER, *, connects_to: ConnectsTo = tuple) -> list[Route]:
    """A route for each file of the studio; none if it was not built. ``connects_to`` is asked at
    each request."""
    if not is_built(folder):
        return []
    index = folder / "index.html"
    page = _serving(_read(index, _ASK_AGAIN), connects_to)
    routes = [Route("/", page, include_in_schema=False)]
    for within, cache_control in (("", _ASK_AGAIN), ("assets/", _FOR_GOOD)):
        for path in sorted((folder / within).glob("*")):
            if path != index and path.suffix in _MEDIA_TYPES and path.is_file():
                endpoint = _serving(_read(path, cache_control), tuple)
                routes.append(Route(f"/{within}{path.name}", endpoint, include_in_schema=False))
    return routes


def is_built(folder: Path = FOLDER) -> bool:
    return (folder / "index.html").is_file()


class _File(NamedTuple):
    media_type: str
    cache_control: str
    tag: str
    #: by content coding; ``identity`` is always there
    bodies: Mapping[str, bytes]


def _read(path: Path, cache_control: str) -> _File:
    body = path.read_bytes()
    bodies = {"identity": body}
    for coding, suffix in _CODINGS:
        coded = path.with_name(path.name + suffix)
        if coded.is_file():
            bodies[coding] = coded.read_bytes()
    tag = hashlib.sha256(body).hexdigest()[:32]
    return _File(_MEDIA_TYPES[path.suffix], cache_control, tag, bodies)


def _serving(file: _File, connects_to: ConnectsTo) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        coding = _coding(header(request, b"accept-encoding") or "", file.bodies)
        # other bytes have another tag: a cache may send the one for the other
        tag = f'"{file.tag}"' if coding == "identity" else f'"{file.tag}-{coding}"'
        headers = {
            **_SAFE,
            "Content-Security-Policy": content_security_policy(connects_to()),
            "Cache-Control": file.cache_control,
            "ETag": tag,
            "Vary": "Accept-Encoding",
        }
        if _is_known(header(request, b"if-none-match") or "", tag):
            return Response(status_code=304, headers=headers)
        headers["Content-Type"] = file.media_type
        if coding != "identity":
            headers["Content-Encoding"] = coding
        return Response(file.bodies[coding], headers=headers)

    return serve


def _coding(accepted: str, bodies: Mapping[str, bytes]) -> str:
    """The smallest body that the client accepts (RFC 9110, section 12.5.3)."""
    taken = {
        name.strip().lower()
        for name, _, weight in (part.partition(";") for part in accepted.split(","))
        if weight.replace(" ", "").rstrip("0") not in ("q=", "q=0.")
    }
    for coding, _ in _CODINGS:
        if coding in bodies and coding in taken:
            return coding
    return "identity"


def _is_known(seen: str, tag: str) -> bool:
    """``If-None-Match``, compared weakly: a proxy that compresses makes tags weak."""
    return any(known.strip().removeprefix("W/") in (tag, "*") for known in seen.split(","))
