"""The studio's files: which are served, how they are kept, and what they may load."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette

from statehold.server.studio import studio_routes

pytestmark = pytest.mark.anyio

SCRIPT = b"export const answer = 42;\n" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build leaves."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_bytes(b"<!doctype html><title>Statehold</title>")
    (tmp_path / "notices.txt").write_bytes(b"elkjs: EPL-2.0")
    (tmp_path / "secret.py").write_bytes(b"")
    (tmp_path / "draw").mkdir()
    (tmp_path / "draw" / "draw.js").write_bytes(b"process.stdin")
    (assets / "app-1a2b.js").write_bytes(SCRIPT)
    (assets / "app-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (assets / "app-1a2b.js.br").write_bytes(b"smaller still")
    return tmp_path


@pytest.fixture
async def http(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Starlette(routes=studio_routes(folder))) as http:
        yield http


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8420")


async def test_the_page_is_revalidated_each_time(http: httpx.AsyncClient) -> None:
    answer = await http.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    again = await http.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert again.headers["cache-control"] == "no-cache"


async def test_a_tag_that_a_proxy_made_weak_is_known(http: httpx.AsyncClient) -> None:
    tag = (await http.get("/")).headers["etag"]
    seen = f'"other", W/{tag}'
    assert (await http.get("/", headers={"If-None-Match": seen})).status_code == 304
    assert (await http.get("/", headers={"If-None-Match": "*"})).status_code == 304
    assert (await http.get("/", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_what_carries_a_hash_in_its_name_is_kept_for_good(http: httpx.AsyncClient) -> None:
    kept = (await http.get("/assets/app-1a2b.js")).headers["cache-control"]
    assert "immutable" in kept
    assert "max-age=31536000" in kept
    assert (await http.get("/notices.txt")).headers["cache-control"] == "no-cache"


async def test_nothing_is_loaded_from_elsewhere_or_guessed(http: httpx.AsyncClient) -> None:
    for path in ("/", "/assets/app-1a2b.js"):
        headers = (await http.get(path)).headers
        policy = dict(
            part.partition(" ")[::2] for part in headers["content-security-policy"].split("; ")
        )
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        for of in ("script", "style", "font", "connect", "worker"):
            assert policy[f"{of}-src"] == "'self'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP;q=0.5, br;q=0", "gzip"),
        ("br; q=0.000, gzip;q=0", None),
        ("identity", None),
        ("", None),
        ("brotli, x-gzip, ;;,", None),
    ],
)
async def test_the_smallest_body_that_the_reader_takes_is_sent(
    folder: Path, accepted: str, coding: str | None
) -> None:
    asked = {"Accept-Encoding": accepted}
    async with (
        client_of(Starlette(routes=studio_routes(folder))) as http,
        http.stream("GET", "/assets/app-1a2b.js", headers=asked) as answer,
    ):
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_each_coding_has_a_tag_of_its_own(http: httpx.AsyncClient) -> None:
    path = "/assets/app-1a2b.js"
    plain = await http.get(path, headers={"Accept-Encoding": "identity"})
    small = await http.get(path, headers={"Accept-Encoding": "gzip"})
    assert plain.content == small.content == SCRIPT
    assert plain.headers["etag"] != small.headers["etag"]
    asked = {"Accept-Encoding": "gzip", "If-None-Match": plain.headers["etag"]}
    assert (await http.get(path, headers=asked)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/secret.py",
        "/draw/draw.js",
        "/assets/app-1a2b.js.gz",
        "/assets/",
        "/assets/../secret.py",
        "/assets/%2e%2e/secret.py",
        "/index.html",
        "//etc/passwd",
    ],
)
async def test_no_other_path_is_served(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404


async def test_only_reading_is_answered(http: httpx.AsyncClient) -> None:
    assert (await http.post("/")).status_code == 405
    assert (await http.put("/assets/app-1a2b.js")).status_code == 405


async def test_files_replaced_beneath_a_running_server_do_not_mix(
    folder: Path, http: httpx.AsyncClient
) -> None:
    (folder / "assets" / "app-1a2b.js").unlink()
    (folder / "index.html").write_bytes(b"another build")
    assert b"<title>" in (await http.get("/")).content
    assert (await http.get("/assets/app-1a2b.js")).content == SCRIPT


async def test_it_can_be_included_below_a_prefix(folder: Path) -> None:
    router = APIRouter()
    router.routes.extend(studio_routes(folder))
    app = FastAPI()
    app.include_router(router, prefix="/flows")
    async with client_of(app) as http:
        assert b"Statehold" in (await http.get("/flows/")).content
        assert (await http.get("/flows/assets/app-1a2b.js")).content == SCRIPT
        # relative addresses in the page want the slash
        assert (await http.get("/flows")).headers["location"].endswith("/flows/")


@pytest.mark.parametrize("contents", [[], ["index.htm"]])
def test_without_a_build_there_is_nothing(tmp_path: Path, contents: list[str]) -> None:
    for name in contents:
        (tmp_path / name).write_bytes(b"")
    assert studio_routes(tmp_path) == []
    assert studio_routes(tmp_path / "nowhere") == []
