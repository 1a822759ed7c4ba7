"""Checks of workers and of the work that they have, on any store."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from statehold.chart.machine import Definition
from statehold.doctor.finding import Finding, Severity, some, span
from statehold.doctor.queries import MOST, Queries
from statehold.engine.limits import Limits
from statehold.engine.machines.compatibility import check_compatibility, stored_versions
from statehold.instance.attempts import WAITING
from statehold.instance.stored import decode_document

#: work that is due for longer is not processed: workers poll every few seconds
OVERDUE = timedelta(seconds=30)
#: a message that can be delivered is delivered well within this time
MAIL_SECONDS = 3.0
#: the next heartbeat of any worker removes an expired lease
BURIAL = timedelta(seconds=2 * Limits().heartbeat_seconds)
#: paused instances hold mail up to a limit
HELD_MANY = Limits().held // 2

Pause = Callable[[float], Awaitable[None]]


async def examine_work(
    queries: Queries,
    now: datetime,
    definitions: Mapping[str, Definition[Any]],
    served: Collection[str],
    pause: Pause = asyncio.sleep,
) -> list[Finding]:
    """``now`` by the store's clock. ``served``: machines that a running server lists."""
    workers = await queries.workers()
    stored = await queries.machines()
    alive = (
        None if workers is None else {n for n, left in workers.items() if left.total_seconds() > 0}
    )
    found: list[Finding] = []
    if workers is not None and alive is not None:
        found += _of_workers(workers, alive, is_used=bool(stored))
        found += await _of_holders(queries, alive)
    found += await _of_waiting(queries)
    found += await _of_overdue(queries, stored, now)
    found += await _of_mail(queries, stored, {*definitions, *served}, now, pause)
    found += await _of_held_mail(queries)
    found += await _of_incidents(queries, now)
    found += await _of_unreadable(queries)
    found += await _of_partitions(queries)
    for definition in definitions.values():
        found += await _of_versions(queries, definition)
    found += await _of_unknown(queries, stored, definitions)
    return found


def _of_workers(
    workers: Mapping[str, timedelta], alive: Collection[str], *, is_used: bool
) -> list[Finding]:
    found = []
    if not alive:
        found.append(
            Finding(
                "error" if is_used else "note",
                "no-worker",
                "no worker is alive",
                "no timer fires, no effect runs, no message is delivered",
                "start one: statehold serve, or statehold worker",
            )
        )
    else:
        found.append(
            Finding(
                "note", "workers", f"{_count(len(alive), 'worker')} alive: {some(sorted(alive))}"
            )
        )
    late = {name: -left for name, left in workers.items() if -left > BURIAL}
    if late:
        expired = [f"{name} ({span(ago)} ago)" for name, ago in sorted(late.items())]
        found.append(
            Finding(
                "warning",
                "expired-lease",
                f"leases have expired and no worker has taken them over: {some(expired)}",
                "these workers died or lost the database; their work is taken over at the next "
                "heartbeat of another worker",
                "check whether these processes still run, and their logs; start a worker if none "
                "is alive",
            )
        )
    return found


async def _of_holders(queries: Queries, alive: Collection[str]) -> list[Finding]:
    dead: Counter[str] = Counter()
    for holders, instances in (await queries.holders()).items():
        for holder in holders:
            if holder not in alive and holder not in WAITING:
                dead[holder] += instances
    if not dead:
        return []
    held = [f"{name} ({_count(count, 'instance')})" for name, count in sorted(dead.items())]
    return [
        Finding(
            "warning",
            "held-by-dead",
            f"effects are held by workers that are dead: {some(held)}",
            "they do not run until a worker that runs these machines takes them over, within half "
            "a minute",
            "check again in a minute; if they remain, no live worker runs their machines: start "
            "one that does",
        )
    ]


async def _of_waiting(queries: Queries) -> list[Finding]:
    waiting: Counter[str] = Counter()
    for holders, instances in (await queries.holders()).items():
        for marker in WAITING:
            if marker in holders:
                waiting[marker] += instances
    if not waiting:
        return []
    places, threads = (waiting[marker] for marker in WAITING)
    return [
        Finding(
            "warning",
            "effects-wait",
            "effects wait for a free worker slot: "
            f"{_count(places, 'instance')} for coroutine functions, "
            f"{_count(threads, 'instance')} for plain functions, which need a thread",
            "when they were requested, no worker that runs their machines had a free slot",
            "check again; if they do not decrease, start more workers, raise Limits.effects or "
            "Limits.threads, or make the effects' timeouts shorter",
        )
    ]


async def _of_overdue(queries: Queries, stored: Sequence[str], now: datetime) -> list[Finding]:
    found = []
    for machine in stored:
        late = await queries.overdue(machine, now - OVERDUE)
        if not late.instances or late.oldest is None:
            continue
        count = _at_least(late.instances, "instance")
        found.append(
            Finding(
                "error",
                "overdue",
                f"{count} of {machine} {_be(late.instances)} due and not processed, the oldest for "
                f"{span(now - late.oldest)}",
                "their timers do not fire, or their effects are not retried",
                f"check that a worker runs {machine}, and its log; if one does, it can't keep up: "
                "start more",
            )
        )
    return found


async def _of_mail(
    queries: Queries,
    stored: Sequence[str],
    run: Collection[str],
    now: datetime,
    pause: Pause,
) -> list[Finding]:
    # a machine that never ran does not run now; of the others only those passed are known
    known = run or stored
    astray = [machine for machine in await queries.addressees() if machine not in known]
    found = []
    if astray:
        found.append(
            Finding(
                "warning",
                "mail-astray",
                f"there are messages to machines that no worker is known to run: {some(astray)}",
                "they wait until a worker runs these machines",
                "run them, or correct the machine that sends to a wrong name",
            )
        )
    waiting = [mail for mail in await queries.waiting_mail(now) if mail.machine not in astray]
    if not waiting:
        return found
    # a message has no time; one that both queries find was not delivered in between
    await pause(MAIL_SECONDS)
    left = await queries.still_there([mail.id for mail in waiting])
    by_machine = Counter(mail.machine for mail in waiting if mail.id in left)
    if by_machine:
        late = [f"{_at_least(count, 'message')} to {m}" for m, count in sorted(by_machine.items())]
        found.append(
            Finding(
                "error",
                "mail-waits",
                f"not delivered within {MAIL_SECONDS:g} s: {some(late)}",
                "events between instances and results of child machines do not arrive",
                "check that a worker runs these machines, and its log",
            )
        )
    return found


async def _of_held_mail(queries: Queries) -> list[Finding]:
    held = await queries.held_mail()
    if not held:
        return []
    most = held[0]
    severity: Severity = "warning" if most.messages >= HELD_MANY else "note"
    return [
        Finding(
            severity,
            "held-mail",
            f"mail is held for {_count(len(held), 'paused instance')}, most of it "
            f"({_count(most.messages, 'message')}) for {most.machine}/{most.id}",
            f"it is delivered when they are resumed; each holds at most {Limits().held}, and more "
            "is refused",
            "resume them: statehold resume, or end them: statehold cancel",
        )
    ]


async def _of_incidents(queries: Queries, now: datetime) -> list[Finding]:
    return [
        Finding(
            "warning",
            "incidents",
            f"{_count(one.incidents, 'incident')} of {_count(one.instances, 'instance')} of "
            f"{one.machine}, the oldest {span(now - one.oldest)} old",
            "effects that ran out of attempts need a decision",
            f"statehold incidents {one.machine}, then retry, skip or resolve each",
        )
        for one in await queries.incidents()
    ]


async def _of_unreadable(queries: Queries) -> list[Finding]:
    """Instances that workers have set aside, and unreadable ones among the newest."""
    why: dict[tuple[str, str], str] = {
        (one.machine, one.id): one.why for one in await queries.unreadable()
    }
    for machine, id, document in await queries.documents():
        if (machine, id) not in why:
            try:
                decode_document(document)
            except (msgspec.DecodeError, ValueError) as error:
                why[(machine, id)] = str(error)
    by_machine = Counter(machine for machine, _ in why)
    return [
        Finding(
            "error",
            "unreadable-instances",
            f"{_at_least(count, 'instance')} of {machine} can't be read: "
            f"{some([f'{id} ({text})' for (of, id), text in why.items() if of == machine])}",
            "their timers do not fire, and they accept no events",
            f"statehold incidents {machine} lists them once a worker has loaded them; then "
            f"statehold repair {machine} ID, or cancel --force. A release that can read them "
            "goes on",
        )
        for machine, count in sorted(by_machine.items())
    ]


async def _of_partitions(queries: Queries) -> list[Finding]:
    instances, messages = await queries.misplaced()
    if not instances and not messages:
        return []
    named = []
    if instances:
        named.append(f"instances: {some(instances)}")
    if messages:
        named.append(f"messages: {some(messages)}")
    return [
        Finding(
            "error",
            "wrong-partition",
            f"not in the partition that is theirs for ever: {'; '.join(named)}",
            "something other than Statehold has written them; where statements take one partition, "
            "they are not found",
            "stop what writes to the store beside Statehold, and restore a backup from before that",
        )
    ]


async def _of_versions(queries: Queries, definition: Definition[Any]) -> list[Finding]:
    versions = await stored_versions(queries, definition.name)
    unreadable = [
        Finding(
            "warning",
            "chart",
            f"{definition.name}, version {version}: its stored chart can't be read: {why}",
            "running instances of this version are not upgraded",
            f"statehold list {definition.name} --version {version}, then cancel them",
        )
        for version, why in versions.unreadable.items()
        if version != definition.version
    ]
    checked = check_compatibility(versions, definition)
    dropped = [
        Finding(
            "warning",
            "version",
            f"{definition.name}, {warning.place}: {warning.message}",
            "instances that are upgraded lose the timer",
            warning.hint or "",
        )
        for warning in checked.warnings
    ]
    return (
        unreadable
        + dropped
        + [
            Finding(
                "error",
                "version",
                f"{definition.name}, {problem.place}: {problem.message}",
                "a server or worker with this code does not start",
                problem.hint or "",
            )
            for problem in checked.problems
        ]
    )


async def _of_unknown(
    queries: Queries, stored: Sequence[str], definitions: Mapping[str, Definition[Any]]
) -> list[Finding]:
    """Only where machines were passed: else it is not known what should run."""
    if not definitions:
        return []
    found = []
    for machine in stored:
        if machine in definitions:
            continue
        living = sum(
            count
            for (_, status, _), count in (await queries.count(machine)).items()
            if status in ("running", "paused")
        )
        if living:
            found.append(
                Finding(
                    "warning",
                    "not-run",
                    f"{_count(living, 'instance')} of {machine}, which is not among the machines "
                    "that were passed",
                    "they do not advance unless other workers run it",
                    f"run {machine} too, or pass it to the doctor if it is run",
                )
            )
    return found


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _at_least(number: int, what: str) -> str:
    return f"at least {number} {what}s" if number >= MOST else _count(number, what)


def _be(number: int) -> str:
    return "is" if number == 1 else "are"
