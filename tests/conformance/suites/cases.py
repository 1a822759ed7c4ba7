"""The cases of a folder, of either kind of suite, and what becomes of each.

1. A document with a script beside it (``x.scxml``, ``x.json``) is a case of the
   scxml-test-framework's kind. The script gives the leaves that are active at first, and those
   after each event; both are compared as sets, with nothing left over on either side.
2. In a folder with a ``manifest.xml``, or without any scripts, each document is a case of the W3C's
   kind: it passes if it reaches its final state ``pass``. Those that others invoke
   (``…sub1.scxml``) are none.
3. A case that can't be run says why, and is counted as skipped; nothing is left out in silence.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from lxml import etree

from statehold.errors import StateholdError
from tests.conformance.suites.host import Host

#: virtual time that a case of the W3C's has to come to its end
PATIENCE = timedelta(minutes=2)

#: cases, each with its folder's name, whose authors want the semantics of before the recommendation
#: compared
LEGACY = frozenset({"more-parallel/test10", "more-parallel/test10b"})

_SUB_DOCUMENT = re.compile(r"sub\d*$")
_HTTP = "BasicHTTPEventProcessor"


class Verdict(Enum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Case:
    """``script`` is there for the scxml-test-framework's kind; ``skip`` says why it is not run."""

    name: str
    document: Path
    script: Path | None = None
    mandatory: bool = True
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Ending:
    case: Case
    verdict: Verdict
    why: str = ""


@dataclass(slots=True)
class Manifest:
    """What a W3C manifest says of its tests, by their numbers."""

    optional: set[str] = field(default_factory=set)
    manual: set[str] = field(default_factory=set)


def find(folder: Path) -> list[Case]:
    """Every case below a folder, in order; raises ``ValueError`` where there is none."""
    manifest = _manifest(folder / "manifest.xml")
    documents = [path for path in sorted(folder.rglob("*.scxml")) if path.is_file()]
    cases = []
    for path in documents:
        name = str(path.relative_to(folder)).removesuffix(".scxml")
        script = path.with_suffix(".json")
        if manifest is None and script.is_file():
            cases.append(Case(name, path, script))
        elif not _SUB_DOCUMENT.search(name.removesuffix(".txml")):
            cases.append(_w3c(name, path, manifest or Manifest()))
    if not cases:
        raise ValueError(f"there is no SCXML document below {folder}")
    return cases


def _w3c(name: str, path: Path, manifest: Manifest) -> Case:
    number = Path(name).name.removesuffix(".txml").removeprefix("test")
    known = {number, number.partition("-")[0]}
    skip = ""
    if known & manifest.manual:
        skip = "a person has to look at its output"
    elif _HTTP in path.read_text(encoding="utf-8-sig", errors="replace"):
        skip = "it needs the Basic HTTP I/O processor, which is optional and not there"
    return Case(name, path, None, not known & manifest.optional, skip)


def _manifest(path: Path) -> Manifest | None:
    if not path.is_file():
        return None
    found = Manifest()
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for test in etree.parse(path, parser).iter("test"):
        id = str(test.get("id"))
        if test.get("conformance") == "optional":
            found.optional.add(id)
        if test.get("manual") == "true":
            found.manual.add(id)
    return found


async def run(case: Case) -> Ending:
    """Runs one case to its end."""
    if case.skip:
        return Ending(case, Verdict.SKIPPED, case.skip)
    try:
        host = Host(case.document)
        async with host:
            why = await (_play(host, case) if case.script else _reach_pass(host))
    except StateholdError as error:
        return Ending(case, Verdict.FAILED, " ".join(str(error).split()))
    if not why:
        return Ending(case, Verdict.PASSED)
    left_out = "; ".join(str(omission) for omission in host.omissions)
    return Ending(case, Verdict.FAILED, f"{why} (left out: {left_out})" if left_out else why)


async def _reach_pass(host: Host) -> str:
    """Why it did not come to ``pass``; empty if it did."""
    if not await host.is_over():
        await host.wait(PATIENCE)
    leaves = await host.leaves()
    if leaves == {"pass"}:
        return ""
    return f"it ended in {_set(leaves)}" if await host.is_over() else f"it stays in {_set(leaves)}"


async def _play(host: Host, case: Case) -> str:
    """Where it departed from its script; empty if it did not."""
    assert case.script is not None
    script: dict[str, Any] = json.loads(case.script.read_bytes())
    document = case.document.resolve()
    if f"{document.parent.name}/{document.stem}" in LEGACY:
        script = script["legacySemantics"]
    wanted = frozenset(script["initialConfiguration"])
    leaves = await host.leaves()
    if leaves != wanted:
        return f"it begins in {_set(leaves)}, not in {_set(wanted)}"
    for number, one in enumerate(script["events"], 1):
        if one.get("after"):
            await host.wait(timedelta(milliseconds=one["after"]))
        name = one["event"]["name"]
        await host.send(name, one["event"].get("data"))
        leaves, wanted = await host.leaves(), frozenset(one["nextConfiguration"])
        if leaves != wanted:
            return f"after event {number}, {name}, it is in {_set(leaves)}, not in {_set(wanted)}"
    return ""


def _set(leaves: frozenset[str]) -> str:
    return f"{{{', '.join(sorted(leaves))}}}"
