"""Loads the machines that were deployed to the store as data, and runs them here.

1. The newest document of each machine is run, unless a machine of its name is given by code. Every
   worker with ``Deployments`` loads it: after a hint, at a heartbeat, or at once when it meets a
   machine or version that it does not know. One that was put again under its version, as its access
   changed, is loaded again by the first two.
2. A document that can't be read or run here (it needs a function that this worker does not lend, or
   a newer release) is logged as an error and affects no other machine. Requests to its machine are
   ``MachineUnserved``, which another worker may answer; a version that ran here before runs on.
3. Reading, checking and planning run in one thread, one document at a time, so that requests are
   served meanwhile.
4. A definition and its upgrade plans are exchanged together, between two turns of the event loop.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ParamSpec, TypeVar

from statehold.chart.machine import Definition
from statehold.deployed import NewestDocument, StoredDocument
from statehold.engine.background.task import BackgroundTask
from statehold.engine.log_fields import about, logger
from statehold.engine.machines.compatibility import (
    Compatibility,
    check_compatibility,
    stored_versions,
)
from statehold.engine.requests.context import EngineContext
from statehold.errors import DefinitionError, Problem, StateholdError, Stopping, Unavailable
from statehold.formats.notation import NOTHING, Imported, Offered
from statehold.store import Store, StoredChart

log = logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

#: reads one notation; raises ``DefinitionError`` with every problem
Read = Callable[[bytes, Offered], Imported]


def _native(raw: bytes, offered: Offered) -> Imported:
    # its expressions need what an extra brings
    from statehold.formats.native.read import read_native

    return read_native(raw, offered)


@dataclass(frozen=True, slots=True)
class Deployments:
    """Lets an engine run deployed machines: ``offered`` is what it lends them, ``readers`` are the
    notations that it reads."""

    offered: Offered = NOTHING
    readers: Mapping[str, Read] = field(default_factory=lambda: {"native": _native})


class Loader:
    """``definitions`` is the engine's own mapping, which this changes; ``loaded`` is called after
    each machine that is new or newer."""

    def __init__(
        self,
        store: Store,
        context: EngineContext,
        definitions: dict[str, Definition[Any]],
        deployments: Deployments | None,
        loaded: Callable[[Definition[Any]], None],
    ) -> None:
        self._store = store
        self._context = context
        self._definitions = definitions
        self._deployments = deployments
        self._loaded = loaded
        self.coded = frozenset(definitions)
        #: documents that run here, and those that could not be loaded, which are not loaded again
        #: before anything changes
        self._runs: dict[str, NewestDocument] = {}
        self._failed: dict[str, NewestDocument] = {}
        self._reported: set[str] = set()
        self._lock = asyncio.Lock()
        self._begun = 0
        self._thread: ThreadPoolExecutor | None = None
        # the next heartbeat looks again
        self._task = BackgroundTask(
            context, "loader", self._walk, log, "deployed machines could not be looked up"
        )

    @property
    def deployments(self) -> Deployments | None:
        return self._deployments

    async def check(self) -> None:
        """Raises ``DefinitionError`` where a machine that is given by code has the name of a
        deployed one."""
        put = await self._store.documents()
        for name in sorted(self.coded & put.keys()):
            raise DefinitionError(
                name,
                [
                    Problem(
                        f"version {self._definitions[name].version}",
                        "a machine of this name was put into the store, at version "
                        f"{put[name].version}",
                        "give the machine another name, or leave it out here and run what was put",
                    )
                ],
            )
        if put and self._deployments is None:
            log.warning(
                "the store has machines that were put and are not run here: %s; serve with --put, "
                "or give the engine deployments=Deployments()",
                ", ".join(sorted(put)),
                extra=about(self._context),
            )

    async def open(self) -> None:
        """Loads all that are in the store."""
        if self._deployments is not None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="statehold loader")
            await self.load_new()

    def run(self) -> None:
        """Starts the task that loads what other workers deploy."""
        if self._deployments is not None and not self._store.exclusive:
            self._task.start(None)

    async def close(self) -> None:
        await self._task.stop()
        thread, self._thread = self._thread, None
        if thread is not None:
            # its work is bounded, and no one waits for it any more
            thread.shutdown(wait=False, cancel_futures=True)

    def look(self) -> None:
        """Something may have been deployed on another worker."""
        self._task.wake()

    async def renew(self, machine: str) -> bool:
        """Loads what is new now; True if that changed the version of the machine that runs here."""
        if self._deployments is None or self._store.exclusive or machine in self.coded:
            return False
        before = self._definitions.get(machine)
        await self.load_new()
        return self._definitions.get(machine) is not before

    async def load_new(self) -> None:
        """Loads what is new. All calls during one walk share the next."""
        begun = self._begun
        async with self._lock:
            if self._begun == begun:
                self._begun += 1
                await self._look()

    async def in_thread(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Does ``work`` in the thread. Raises ``Stopping``."""
        if self._thread is None:
            raise Stopping
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))

    def read(self, notation: str, text: bytes) -> Imported:
        """Reads a document; called in the thread. Raises ``DefinitionError``."""
        assert self._deployments is not None
        read = self._deployments.readers.get(notation)
        if read is None:
            known = ", ".join(sorted(self._deployments.readers))
            raise DefinitionError(
                "?",
                [Problem("notation", f"{notation!r} is none that is read here", f"{known} are")],
            )
        # a copy: machines are loaded while the thread reads
        offered = self._deployments.offered
        machines = {**dict(self._definitions), **offered.machines}
        return read(text, replace(offered, machines=machines))

    async def install(
        self, definition: Definition[Any], checked: Compatibility, document: StoredDocument
    ) -> None:
        """Runs the machine of this document from now on, in place of its earlier version."""
        name = definition.name
        definition = dataclasses.replace(definition, covers=document.covers)
        if checked.is_new:
            chart = definition.chart.to_json()
            now = self._context.now()
            await self._store.add_chart(StoredChart(name, definition.version, chart, now))
        self._context.upgrade_plans.install(definition, checked.plans)
        self._definitions[name] = definition
        self._runs[name] = NewestDocument(document.version, document.put_at)
        self._context.unserved.pop(name, None)
        # others may have waited for this one
        self._failed.clear()
        log.info(
            "machine %s %d, which was put, runs here",
            name,
            definition.version,
            extra=about(self._context, machine=name, version=definition.version),
        )
        self._loaded(definition)

    async def _walk(self) -> None:
        await self.load_new()

    async def _look(self) -> None:
        put = await self._store.documents()
        pending = {name: newest for name, newest in put.items() if self._is_wanted(name, newest)}
        while pending:
            # one may invoke another, in any order
            taken = [name for name, newest in pending.items() if await self._take(name, newest)]
            pending = {name: pending[name] for name in pending if name not in taken}
            if not taken:
                return

    def _is_wanted(self, name: str, newest: NewestDocument) -> bool:
        version = newest.version
        if name in self.coded:
            if name not in self._reported:
                self._reported.add(name)
                log.error(
                    "machine %s, version %d, was put; the one that is given by code runs here",
                    name,
                    version,
                    extra=about(self._context, machine=name),
                )
            return False
        here = self._definitions.get(name)
        if here is not None and here.version > version:
            return False
        # the same version is put again where its access has changed
        return newest not in (self._runs.get(name), self._failed.get(name))

    async def _take(self, name: str, newest: NewestDocument) -> bool:
        """False where it can't run here."""
        version = newest.version
        document = await self._store.document(name, version)
        if document is None:
            return False
        try:
            imported = await self.in_thread(self.read, document.notation, document.text)
            definition = imported.definition
            versions = await stored_versions(self._store, name)
            checked = await self.in_thread(
                partial(check_compatibility, shipped=True), versions, definition
            )
            if checked.problems:
                raise DefinitionError(name, checked.problems)
            self._context.upgrade_plans.report_unreadable(name, versions)
            self._context.upgrade_plans.warn(definition, checked)
            await self.install(definition, checked, document)
        except Unavailable:
            raise
        except Exception as error:
            # one that can't be read must not keep the engine from all the others
            known = isinstance(error, StateholdError)
            self._fail(name, newest, str(error) if known else repr(error))
            log.error(
                "machine %s, version %d, was put and can't be run here: %s",
                name,
                version,
                error,
                exc_info=not known,
                extra=about(self._context, machine=name, version=version),
            )
            return False
        return True

    def _fail(self, name: str, newest: NewestDocument, why: str) -> None:
        self._failed[name] = newest
        # reported even where an older version runs on here
        limit = self._context.limits.error_chars
        self._context.unserved[name] = (newest.version, why[:limit])
