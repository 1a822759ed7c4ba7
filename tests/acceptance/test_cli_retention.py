"""``statehold purge``, and ``statehold serve --keep``, on a real file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from statehold.engine import Engine
from tests.acceptance.command_line import ORDERS, Serving, run
from tests.acceptance.orders import OrderFlow, Reject


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with two orders that are over and one that is not."""
    monkeypatch.setenv("COLUMNS", "200")
    address = f"sqlite:///{tmp_path / 'orders.db'}"

    async def fill() -> None:
        async with Engine(address, [OrderFlow]) as engine:
            for id in ("o-1", "o-2", "o-3"):
                await engine.start(OrderFlow, id)
            for id in ("o-1", "o-2"):
                await engine.send(OrderFlow, id, Reject(reason="closed"))

    asyncio.run(fill())
    return address


def there(store: str) -> int:
    async def count() -> int:
        async with Engine(store, [OrderFlow]) as engine:
            return sum((await engine.machine_detail(OrderFlow)).counts.values())

    return asyncio.run(count())


def test_a_dry_run_says_how_many_would_go_and_takes_none(store: str) -> None:
    ran = run("purge", ORDERS, "--older-than", "0s", "--store", store, "--dry-run")
    assert (ran.code, ran.out.strip()) == (0, "order 2 would be purged")
    assert there(store) == 3


def test_older_instances_are_archived_and_purged(store: str, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    asked = ("purge", ORDERS, "--store", store, "--archive", str(folder))
    assert run(*asked, "--older-than", "1d").out.strip() == "order 0 purged"
    assert list(folder.iterdir()) == []
    ran = run(*asked, "--older-than", "0s", "--json")
    report = json.loads(ran.out)
    assert (report["machine"], report["purged"], report["kept"]) == ("order", 2, 0)
    (file,) = folder.iterdir()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["id"], line["data"]["reason"]) for line in lines] == [
        ("o-1", "closed"), ("o-2", "closed"),
    ]  # fmt: skip
    assert there(store) == 1
    guide = Path(__file__).parents[2].joinpath("docs", "guides", "retention.md").read_text()
    shown = json.loads(guide.partition("```json\n")[2].partition("```")[0])
    assert list(shown) == list(lines[0])
    assert list(shown["journal"][0]) == list(lines[0]["journal"][0])


def test_purge_reports_its_errors(store: str, tmp_path: Path) -> None:
    nowhere = run("purge", ORDERS, "--older-than", "1d", "--store", f"sqlite:///{tmp_path}/no.db")
    assert (nowhere.code, "no.db" in nowhere.err) == (3, True)
    assert not (tmp_path / "no.db").exists()
    age = run("purge", ORDERS, "--older-than", "soon", "--store", store)
    assert (age.code, "like 15m" in age.err) == (2, True)
    archive = run(
        "purge", ORDERS, "--older-than", "0s", "--store", store, "--archive", f"{tmp_path}/no"
    )
    assert (archive.code, "no directory" in archive.err) == (1, True)
    assert there(store) == 3


def test_serve_purges_by_its_options(store: str, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    arguments = (ORDERS, "--port", "0", "--store", store, "--archive", str(folder))
    with Serving(*arguments, "--keep", "order=0s", cwd=tmp_path) as serving:
        assert serving.process.stderr is not None
        assert any("2 of order are purged" in line for line in serving.process.stderr)
        assert serving.stop()[0] == 0
    assert there(store) == 1
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (("--archive", "x"), "without --keep"),
        (("--keep", "1d", "--keep", "order=2d"), "one AGE for every machine"),
        (("--keep", "1d", "--keep", "2d"), "twice for every machine"),
        (("--keep", "order="), "an age is a number"),
    ],
)
def test_serve_refuses_options_that_contradict(options: tuple[str, ...], answer: str) -> None:
    ran = run("serve", ORDERS, "--store", "memory:", "--port", "0", *options)
    assert (ran.code, answer in ran.err) == (2, True)
