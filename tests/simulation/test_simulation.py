"""Workers that crash, freeze and lose their store, on virtual time: nothing is lost or doubled, and
nothing gets stuck.

``STATEHOLD_SEED`` repeats one run; ``python -m tests.simulation`` makes as many as there is time
for.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from statehold.chart.asking import asked_event
from statehold.engine.background.message_dispatcher import MessageDispatcher
from statehold.engine.background.rescuer import Rescuer
from statehold.engine.commit.lookup import Lookup
from statehold.engine.requests.effect_sends import EffectEvent
from statehold.interpreter import macrostep
from statehold.records import Entry, Message, MessageId, Ref, Row, Write
from statehold.store import WriteResult
from statehold.stores import Memory, MemoryStore
from statehold.stores.memory.mailbox import Mailbox
from tests.simulation.run import Plan, plan_of, simulate

ROOT = Path(__file__).parents[2]
GIVEN = os.environ.get("STATEHOLD_SEED")
#: runs in one test, and of those in which a planted bug has to be found
RUNS = 3
TRIES = 25


@pytest.mark.parametrize("part", range(1 if GIVEN else 4))
def test_whatever_fails_nothing_is_lost_doubled_or_left_undone(part: int) -> None:
    acknowledged = 0
    for _ in range(1 if GIVEN else RUNS):
        seed = int(GIVEN) if GIVEN else random.SystemRandom().getrandbits(32)
        report = simulate(seed, plan_of(seed))
        assert report.findings == [], f"STATEHOLD_SEED={seed}"
        acknowledged += report.counts["acknowledged"]
    # where hardly anything happened, nothing is proved
    assert acknowledged > (0 if GIVEN else 20 * RUNS // 2)


def test_the_same_seed_gives_the_same_run_in_this_process_and_in_another() -> None:
    short = Plan(storm_seconds=30.0)
    digest = simulate(7, short).digest
    assert simulate(7, short).digest == digest
    assert simulate(8, short).digest != digest
    code = (
        "from tests.simulation.run import Plan, simulate;"
        "print(simulate(7, Plan(storm_seconds=30.0)).digest)"
    )
    for hash_seed in ("1", "2"):
        other = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )  # fmt: skip
        assert other.stdout.strip() == digest


def test_a_run_uses_everything() -> None:
    """Each kind of line is there, so that each kind of work was in the way of a fault."""
    seen: set[str] = set()
    for seed in range(4):
        report = simulate(seed)
        assert report.findings == []
        seen |= {name for name, count in report.counts.items() if count}
    kinds = "start event timer result failure pause resume cancel tried incident retry refused"
    assert {f"{kind} lines" for kind in kinds.split()} <= seen
    assert {"unknown", "refused", "legs", "echoes"} <= seen


# --- bugs that are planted have to be found -------------------------------------------------------

Patch = pytest.MonkeyPatch


def forget_keys(patch: Patch) -> None:
    """The store remembers no idempotency keys."""

    async def replies(self: object, keys: object) -> dict[tuple[Ref, str], Entry]:
        return {}

    patch.setattr(MemoryStore, "replies", replies)
    patch.setattr(Memory, "_uses_key_again", lambda *_: False)


def overwrite(patch: Patch) -> None:
    """The store writes whatever comes, older or not."""
    write = Memory.write

    def whatever(self: Memory, one: Write) -> WriteResult:
        before = self.rows.get(one.row.ref)
        return write(
            self,
            Write(
                one.row, before.rev if before else None, one.entries, one.messages, (), (),
                one.released,
            ),
        )  # fmt: skip

    patch.setattr(Memory, "write", whatever)
    patch.setattr(Memory, "_repeats_position", lambda *_: False)


def leave_messages(patch: Patch) -> None:
    """A message that was delivered stays in the mailbox."""
    take = Mailbox.take

    def sometimes(self: Mailbox, id: MessageId) -> None:
        if id.at % 5:
            take(self, id)

    patch.setattr(Mailbox, "take", sometimes)


def drop_messages(patch: Patch) -> None:
    """Some messages never reach the mailbox."""
    put = Mailbox.put

    def sometimes(self: Mailbox, writer: Row, number: int, sent: Sequence[Message]) -> None:
        put(self, writer, number, [one for one in sent if one.kind != "event" or writer.rev % 7])

    patch.setattr(Mailbox, "put", sometimes)


def rescue_nobody(patch: Patch) -> None:
    """What dead workers held is never found."""

    async def orphans(*_: object, **__: object) -> list[Row]:
        return []

    patch.setattr(MemoryStore, "orphans", orphans)


def never_doubt(patch: Patch) -> None:
    """Nobody looks at what became of a commit that failed."""
    patch.setattr(Rescuer, "doubt", lambda self, refs: None)


def read_what_is_kept(patch: Patch) -> None:
    """Readers get what this worker knew last, and not what the store has."""
    committed = Lookup.committed

    async def kept(self: Lookup, refs: Sequence[Ref]) -> object:
        known = {ref: held for ref in refs if (held := self._cache.get(ref)) is not None}
        return known if len(known) == len(refs) else await committed(self, refs)

    patch.setattr(Lookup, "committed", kept)


def forget_cancellations(patch: Patch) -> None:
    """Nothing is kept of a cancellation."""
    patch.setattr(macrostep, "with_cancellation", lambda history, cancellation: history)


def send_again(patch: Patch) -> None:
    """What an effect sends has no key."""
    made = EffectEvent.__init__

    def without(self: EffectEvent, *args: Any, **how: Any) -> None:
        made(self, *args, **{**how, "key": None})

    patch.setattr(EffectEvent, "__init__", without)


def mix_events(patch: Patch) -> None:
    """Each effect gets the event that another one was asked for by."""
    last: list[Any] = []

    def of_another(definition: object, effect: object, kept: object) -> Any:
        last.append(asked_event(definition, effect, kept))  # type: ignore[arg-type]
        return last[-2] if len(last) > 1 else last[-1]

    patch.setattr("statehold.engine.background.attempt.asked_event", of_another)


def never_stop(patch: Patch) -> None:
    """The message dispatcher can't be stopped."""

    async def close(self: MessageDispatcher) -> None:
        assert self._task.task is not None
        await self._task.task

    patch.setattr(MessageDispatcher, "close", close)


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (forget_keys, "is in its journal 2 times"),
        (overwrite, "its steps are"),
        (leave_messages, "were not sent"),
        (drop_messages, "did not arrive"),
        (rescue_nobody, "hold it and are dead"),
        (never_doubt, "hold it and are dead"),
        (read_what_is_kept, "no order explains"),
        (send_again, "was acknowledged to its effect and is there 2 times"),
        (mix_events, "asked for it"),
        (never_stop, "does not stop"),
        (forget_cancellations, "it was cancelled"),
    ],
)
def test_a_planted_bug_is_found(
    plant: Callable[[Patch], None], finding: str, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    # much traffic, so that much is in the way of a fault; what hangs need not hang for long
    plan = Plan(clients=8, storm_seconds=60.0, fault_seconds=4.0, rest_seconds=60.0)
    for seed in range(TRIES):
        found = simulate(seed, plan).findings
        if any(finding in one for one in found):
            return
    pytest.fail(f"not found in {TRIES} runs; the last one found {found}")
