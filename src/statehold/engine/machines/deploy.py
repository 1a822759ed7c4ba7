"""Deploys a machine that comes as data: it is read, checked, planned, and only then stored and run.

1. One deployment at a time is prepared in this process. Between two workers the store decides: it
   keeps a document only if it is newer than all of its machine, and the other worker looks again.
2. The same text under the same version again is no change. One that differs only in who may do
   what takes its place. Any other text under it, an older version, or the name of a machine that is
   given by code is refused.
3. All problems are reported at once, and nothing has changed: mistakes in the document, errors of
   the static checks, an upgrade that leaves instances without a state.
4. A version after the first has an upgrade from the one before, whether or not that has instances
   now: some may be started during the deployment.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from itertools import zip_longest
from typing import Any, ParamSpec, TypeVar

from msgspec.structs import replace

from statehold.chart.access import Grant
from statehold.chart.machine import Definition
from statehold.chart.model import Chart
from statehold.check.lint.finding import Finding
from statehold.check.lint.findings import findings
from statehold.engine.background.notifier import Notifier
from statehold.engine.machines.compatibility import (
    Compatibility,
    StoredVersions,
    check_compatibility,
    stored_versions,
)
from statehold.engine.machines.coverage import absent_receivers, coverage_of, uncovered
from statehold.engine.machines.loader import Loader
from statehold.engine.requests.context import EngineContext
from statehold.engine.requests.texts import check_caller, check_texts
from statehold.errors import (
    DefinitionError,
    DocumentRefused,
    Forbidden,
    Overloaded,
    Problem,
    PutRefused,
    Refused,
    Stopping,
    StoreUnavailable,
    TooLarge,
)
from statehold.formats.notation import Imported
from statehold.instance.audited import audit_entry
from statehold.instance.authorize import (
    authorize,
    may_some,
    permits_on,
    permitted_unstated,
    refuse,
)
from statehold.records import Caller
from statehold.store import Store, StoredDocument
from statehold.upgrade.diff import (
    difference,
    input_difference,
    label_difference,
    sender_difference,
)
from statehold.wire.machines import FindingView, MovedState, PutReport, UpgradePlanView

P = ParamSpec("P")
R = TypeVar("R")

#: times that another worker may deploy first
TRIES = 5
#: characters of a reason
REASON_LIMIT = 2_000
#: differences, moved configurations and omissions that one report names
NAMED = 50
#: characters of a line of a document
SHOWN = 200
#: the notation that says who may do what
NATIVE = "native"
_INSTANT = timedelta(microseconds=1)


class Deployer:
    def __init__(
        self, store: Store, context: EngineContext, loader: Loader, notifier: Notifier
    ) -> None:
        self._store = store
        self._context = context
        self._loader = loader
        self._notifier = notifier
        self._lock = asyncio.Lock()
        self._waiting = 0

    async def put(
        self,
        document: bytes | str,
        notation: str,
        reason: str | None,
        caller: Caller,
        *,
        dry_run: bool,
    ) -> PutReport:
        limits = self._context.limits
        if not self._context.identity.takes_requests:
            raise Stopping
        self._check_may_put_some(caller)
        check_caller(caller)
        check_texts("the request", reason=reason, notation=notation)
        if isinstance(document, str):
            check_texts("the request", document=document)
        text = document.encode() if isinstance(document, str) else document
        if self._loader.deployments is None:
            raise Refused(
                "this engine runs only the machines that it is given; "
                "open it with deployments=Deployments()"
            )
        if len(text) > limits.document_bytes:
            raise TooLarge("the document", len(text), limits.document_bytes)
        if reason is not None and len(reason) > REASON_LIMIT:
            raise TooLarge("the reason", len(reason), REASON_LIMIT, "characters")
        if self._waiting >= limits.puts:
            raise Overloaded(self._waiting, limits.puts)
        self._waiting += 1
        try:
            async with self._lock:
                return await self._put(text, notation, reason, caller, dry_run)
        finally:
            self._waiting -= 1

    async def _put(
        self, text: bytes, notation: str, reason: str | None, caller: Caller, dry_run: bool
    ) -> PutReport:
        try:
            imported = await self._within(self._loader.read, notation, text)
        except DefinitionError as error:
            raise DocumentRefused(error.machine, error.problems) from error
        definition = imported.definition
        await self._loader.load_new()
        await self._check_may_put(definition.name, caller)
        now = self._context.now()
        document = StoredDocument(
            definition.name, definition.version, notation, text, now, caller.name, reason
        )
        for _ in range(TRIES):
            await self._loader.load_new()
            running = self._context.definitions
            elsewhere = await self._elsewhere(absent_receivers(definition, running))
            document = replace(document, covers=coverage_of(caller, definition, running, elsewhere))
            versions = await stored_versions(self._store, definition.name)
            there = await self._there(document, imported, versions)
            if there is not None and _is_same(there, document):
                return _report(document, imported, versions, None, (), added=False, dry_run=dry_run)
            replaced = None if there is None else self._context.definitions.get(definition.name)
            checked, found = await self._checked(imported, versions, document)
            report = partial(_report, document, imported, versions, checked, found, there=replaced)
            if dry_run:
                return report(added=False, dry_run=True)
            # from here on it is finished even if its caller has gone
            if await asyncio.shield(self._keep(document, imported, checked, there, caller)):
                return report(added=True, dry_run=False)
        raise StoreUnavailable(f"{TRIES} times another deployment of {definition.name!r} was first")

    async def _elsewhere(self, absent: set[str]) -> set[str]:
        """Those that the store has, or had, of machines that do not run here."""
        put = (await self._store.documents()) if absent else {}
        return {
            name
            for name in absent
            if name in put or name in self._context.unserved or await self._store.charts(name)
        }

    async def _within(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Does ``work`` in the thread; raises ``DocumentRefused`` where that takes too long."""
        seconds = self._context.limits.put_seconds
        try:
            return await asyncio.wait_for(self._loader.in_thread(work, *args, **kwargs), seconds)
        except TimeoutError:
            why = f"reading, checking or planning it took longer than {seconds:g} s"
            problem = Problem("the document", why, "make its chart smaller")
            raise DocumentRefused("", [problem]) from None

    def _check_may_put_some(self, caller: Caller) -> None:
        """Raises ``Forbidden`` for those who can put no machine, before the document is read."""
        definitions = self._context.definitions.values()
        if not permitted_unstated(caller, "put") and not any(
            may_some(caller, "put", one) for one in definitions
        ):
            raise Forbidden(
                "the caller may put no machine; `serve --put` permits it to callers with the role "
                "operator, where a machine does not say who may",
                action="put",
            )

    async def _check_may_put(self, name: str, caller: Caller) -> None:
        """Raises ``Forbidden``: the newest version says who may put the next one, also where it
        can't run here, and the server who may put a new machine."""
        running = self._context.definitions.get(name)
        newest = (await self._store.documents()).get(name)
        stated: Grant | None = None
        if running is not None and (newest is None or newest.version <= running.version):
            authorize(caller, "put", running)
            return
        if newest is not None:
            document = await self._store.document(name, newest.version)
            stated = None if document is None else await self._stated(document)
        if stated is None:
            permitted = permitted_unstated(caller, "put", name)
        else:
            permitted = permits_on(name, stated, caller)
        if not permitted:
            refuse(caller, "put", name)

    async def _stated(self, document: StoredDocument) -> Grant | None:
        """Whom a document lets put the next version; None: it does not say."""
        if document.notation != NATIVE:
            return None
        # its package needs what an extra brings
        from statehold.formats.native.access_alone import grant_to_put

        return await self._within(grant_to_put, document.text)

    async def _keep(
        self,
        document: StoredDocument,
        imported: Imported,
        checked: Compatibility,
        there: StoredDocument | None,
        caller: Caller,
    ) -> bool:
        # who may put it is asked again: another version may run by now
        await self._check_may_put(document.machine, caller)
        said = f"version {document.version}" + (f": {document.reason}" if document.reason else "")
        line = audit_entry(document.put_at, caller, "put", document.machine, detail=said)
        if there is None:
            most = self._context.limits.documents
            kept = await self._store.add_document(document, most, [line])
        else:
            # other workers load it again as it was put at another time
            later = max(document.put_at, there.put_at + _INSTANT)
            document = replace(document, put_at=later)
            kept = await self._store.replace_document(document, there, [line])
        if not kept:
            return False
        self._notifier.deployed()
        await self._loader.install(imported.definition, checked, document)
        return True

    async def _there(
        self, document: StoredDocument, imported: Imported, versions: StoredVersions
    ) -> StoredDocument | None:
        """What is stored under its version: the same document, or one that differs only in who may
        do what and in labels. Raises ``PutRefused`` or ``TooLarge`` where it conflicts with what
        is stored."""
        name, version = document.machine, document.version
        if name in self._loader.coded:
            why = "a machine of this name is given by code here; give it another name"
            raise PutRefused(name, version, why)
        put = await self._store.documents()
        newest = put.get(name)
        if newest is None:
            if not versions.is_empty:
                why = "a machine of this name was given by code before; give it another name"
                raise PutRefused(name, version, why)
            if len(put) >= self._context.limits.documents:
                limit = self._context.limits.documents
                raise TooLarge("the store", len(put) + 1, limit, "machines")
            return None
        there = await self._store.document(name, version)
        if there is None:
            if version < newest.version:
                why = (
                    f"version {newest.version} is there already; to go back, put the older chart "
                    f"as version {newest.version + 1}, with an upgrade from {newest.version}"
                )
                raise PutRefused(name, version, why)
            return None
        is_newest = version == newest.version
        if _is_same(there, document) or (
            is_newest and await self._changes_no_chart(there, document)
        ):
            return there
        who = f" by {there.put_by}" if there.put_by else ""
        why = (
            f"it was put{who} on {there.put_at:%Y-%m-%d %H:%M} with another text; put the change "
            f"as version {newest.version + 1}, with an upgrade from {newest.version}"
        )
        raise PutRefused(name, version, why, _differences(there, document, imported, versions))

    async def _changes_no_chart(self, there: StoredDocument, document: StoredDocument) -> bool:
        if not there.notation == document.notation == NATIVE:
            return False
        # its package needs what an extra brings, and has read the document already
        from statehold.formats.native.access_alone import needs_no_version

        return await self._within(needs_no_version, there.text, document.text)

    async def _checked(
        self, imported: Imported, versions: StoredVersions, document: StoredDocument
    ) -> tuple[Compatibility, Sequence[Finding]]:
        """Raises ``DocumentRefused`` with all problems."""
        definition = imported.definition
        beside = tuple(self._context.definitions.values())
        found = await self._within(findings, definition, beside=beside)
        checked = await self._within(check_compatibility, versions, definition)
        problems = [
            Problem(
                f"{one.code}, {one.where}",
                one.message,
                f"{one.hint}; or silence {one.code}, with a reason, if it is meant so",
            )
            for one in found
            if one.severity == "error"
        ]
        problems += checked.problems
        problems += uncovered(definition, document.covers)
        before = [version for version in versions.charts if version < definition.version]
        if before and max(before) not in checked.plans and not checked.problems:
            problems.append(
                Problem(
                    f"version {definition.version}",
                    f"it does not say how version {max(before)}, which runs now, becomes it",
                    f"give it an upgrade from version {max(before)}; states of the same name map "
                    "themselves",
                )
            )
        if problems:
            raise DocumentRefused(definition.name, problems)
        return checked, found


def _changes_beside(old: Chart, new: Chart) -> list[str]:
    """Who may do what and what is read in place of names, where that changed."""
    lines = [*label_difference(old, new), *sender_difference(old, new)]
    was, now = old.meta.get("native", {}), new.meta.get("native", {})
    for word in ("access", "views"):
        before, after = was.get(word) or {}, now.get(word) or {}
        for key in dict.fromkeys((*before, *after)):
            one, other = (_shown(those.get(key)) for those in (before, after))
            if one != other:
                lines.append(f"{word}.{key} was {one} and is {other}")
    return lines


def _shown(written: Any) -> str:
    text = "left out" if written is None else json.dumps(written, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _is_same(there: StoredDocument, document: StoredDocument) -> bool:
    return (there.text, there.notation) == (document.text, document.notation)


def _differences(
    there: StoredDocument, document: StoredDocument, imported: Imported, versions: StoredVersions
) -> list[str]:
    """In terms of the chart, or of the text where the chart is the same."""
    stored = versions.charts.get(document.version)
    if stored is not None:
        differences = difference(stored, imported.definition.chart)
        if differences:
            return list(differences[:NAMED])
    texts = [one.text.decode("utf-8", errors="replace") for one in (there, document)]
    lines = zip_longest(*(text.splitlines() for text in texts), fillvalue="")
    for number, (before, now) in enumerate(lines, 1):
        if before != now:
            return [f"line {number} was {before[:SHOWN]!r} and is {now[:SHOWN]!r}"]
    return [f"the notation was {there.notation} and is {document.notation}, or line ends differ"]


def _report(
    document: StoredDocument,
    imported: Imported,
    versions: StoredVersions,
    checked: Compatibility | None,
    found: Sequence[Finding],
    *,
    added: bool,
    dry_run: bool,
    there: Definition[Any] | None = None,
) -> PutReport:
    """``there``: the machine of the same version that it takes the place of."""
    chart = imported.definition.chart
    before = [version for version in versions.charts if version < chart.version]
    changes: list[str] = []
    if there is not None:
        changes = _changes_beside(there.chart, chart)
    elif before:
        earlier = versions.charts[max(before)]
        changes = [
            *difference(earlier, chart),
            *input_difference(earlier, chart),
            *sender_difference(earlier, chart),
        ]
    return PutReport(
        machine=document.machine,
        version=document.version,
        notation=document.notation,
        added=added,
        dry_run=dry_run,
        there=checked is None,
        changes=changes[:NAMED],
        findings=[
            FindingView(
                code=one.code,
                severity=one.severity,
                place=one.where,
                message=one.message,
                hint=one.hint,
            )
            for one in found
        ]
        + [
            FindingView(
                code="upgrade-drops-timer",
                severity="warning",
                place=one.place,
                message=one.message,
                hint=one.hint or "",
            )
            for one in (() if checked is None else checked.warnings)
        ],
        omissions=[str(one) for one in imported.omissions[:NAMED]],
        upgrades=[]
        if checked is None
        else [
            UpgradePlanView(
                from_version=version,
                configurations=len(made.configurations),
                complete=made.complete,
                moved=[
                    MovedState(before=list(old), after=list(new))
                    for old, new in made.configurations.items()
                    if old != new
                ][:NAMED],
                living=version in versions.in_use,
            )
            for version, made in sorted(checked.plans.items())
        ],
    )
