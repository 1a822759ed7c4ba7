"""A Hypothesis state machine for a machine: it takes all possible steps, in random orders.

Needs the extra ``testing``. Each example is a script; a failure shows its script, which
:func:`statehold.testing.play` plays again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import BaseModel

from statehold.chart.machine import AMachine, Definition
from statehold.chart.payload import EVENT_BYTES, given_output, given_result, jsonable, parse_event
from statehold.check.simulate.requested import Asked, may_end
from statehold.check.simulate.script import (
    AdvanceStep,
    CancelStep,
    FailStep,
    Script,
    ScriptStep,
    SendStep,
    SucceedStep,
)
from statehold.check.simulate.script_file import write_script
from statehold.check.simulate.simulate import Player
from statehold.check.simulate.simulated import Simulated
from statehold.errors import (
    InvalidPayload,
    NotAllowed,
    ScriptFailed,
    StepFailed,
    TooLarge,
)
from statehold.testing.invariants import broken
from statehold.testing.strategies import Strategies, strategies_of

if TYPE_CHECKING:
    from hypothesis.stateful import RuleBasedStateMachine
    from hypothesis.strategies import DataObject, SearchStrategy

#: asserts something of the active leaves and the data
Invariant = Callable[[list[str], Any], None]


# long because each rule is a method of the class that it makes
def state_machine_of(
    machine: AMachine,
    *,
    data: SearchStrategy[Any] | None = None,
    payloads: Mapping[Any, SearchStrategy[Any]] | None = None,
    results: Mapping[Any, SearchStrategy[Any]] | None = None,
    invariants: Sequence[Invariant] = (),
    may_fail: bool = False,
) -> type[RuleBasedStateMachine]:
    """A class for Hypothesis; its ``TestCase`` is for pytest.

    ::

        TestOrder = state_machine_of(OrderFlow, invariants=[a_courier_is_known]).TestCase

    Strategies that are left out are made from the types. ``payloads`` are by event, and give its
    fields or an event; ``results`` are by effect or child. ``invariants`` are called after each
    step with the active leaves and a copy of the data.

    These always hold: the configuration is legal; data and snapshots can be stored and read back;
    a refused event changes nothing; no function of the machine raises, unless it ``may_fail``.
    """
    from hypothesis import strategies
    from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

    definition = machine.definition
    drawn_from = strategies_of(definition, data, payloads or {}, results or {})

    class Stateful(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.run = _Run(definition, drawn_from, invariants, may_fail)

        @initialize(drawn=strategies.data())
        def start_one(self, drawn: DataObject) -> None:
            self.run.start(drawn)

        @precondition(lambda self: not self.run.can_go_on)
        @rule(drawn=strategies.data())
        def start_another(self, drawn: DataObject) -> None:
            self.run.start(drawn)

        @precondition(lambda self: bool(self.run.allowed))
        @rule(drawn=strategies.data())
        def send(self, drawn: DataObject) -> None:
            self.run.send(drawn, self.run.allowed)

        # one that is over refuses everything, which would be most of what is tried
        @precondition(lambda self: self.run.can_go_on and bool(self.run.refused))
        @rule(drawn=strategies.data())
        def send_what_is_not_allowed(self, drawn: DataObject) -> None:
            self.run.send(drawn, self.run.refused)

        @precondition(lambda self: self.run.instance.next_due is not None)
        @rule()
        def let_time_pass(self) -> None:
            self.run.let_time_pass()

        @precondition(lambda self: bool(self.run.instance.running))
        @rule(drawn=strategies.data())
        def succeed(self, drawn: DataObject) -> None:
            self.run.succeed(drawn)

        @precondition(lambda self: bool(self.run.instance.running))
        @rule(drawn=strategies.data())
        def fail(self, drawn: DataObject) -> None:
            self.run.fail(drawn)

        @precondition(lambda self: self.run.instance.may_take_cancellation)
        @rule()
        def cancel(self) -> None:
            self.run.cancel()

    Stateful.__name__ = Stateful.__qualname__ = f"Stateful_{definition.name}".replace("-", "_")
    return Stateful


class _Run:
    """One example: an instance, played step by step and checked after each."""

    player: Player[Any]

    def __init__(
        self,
        definition: Definition[Any],
        strategies: Strategies,
        invariants: Sequence[Invariant],
        may_fail: bool,
    ) -> None:
        self.definition = definition
        self.strategies = strategies
        self.invariants = invariants
        self.may_fail = may_fail

    @property
    def instance(self) -> Simulated[Any]:
        return self.player.instance

    @property
    def allowed(self) -> list[str]:
        return self.instance.allowed

    @property
    def refused(self) -> list[str]:
        allowed = self.allowed
        return [one.name for one in self.definition.chart.events if one.name not in allowed]

    @property
    def can_go_on(self) -> bool:
        """Whether anything can still happen to the instance."""
        instance = self.instance
        return bool(instance.allowed or instance.running or instance.next_due is not None)

    def start(self, drawn: DataObject) -> None:
        from hypothesis import reject

        definition = self.definition
        given = _plain(drawn.draw(self.strategies.data, "data"))
        head = Script(definition.name, version=definition.version, data=given)
        try:
            self.player = Player(definition, head)
        except InvalidPayload:
            reject()
        except StepFailed as error:
            if self.may_fail:
                reject()
            error.add_note(_shown(head))
            raise
        self._check()

    def send(self, drawn: DataObject, names: Sequence[str]) -> None:
        name = _one_of(drawn, names, "event")
        fields = _plain(drawn.draw(self.strategies.events[name], name))
        if not isinstance(fields, dict):
            raise TypeError(f"payloads for {name} are its fields or an event, not {fields!r}")
        event = {**fields, "type": name}
        _reject_unfit(lambda: parse_event(self.definition, event, EVENT_BYTES))
        self._take(SendStep(event))

    def let_time_pass(self) -> None:
        instance = self.instance
        assert instance.next_due is not None
        wait = (instance.next_due - instance.now).total_seconds()
        self._take(AdvanceStep(max(wait, 0.0)))

    def succeed(self, drawn: DataObject) -> None:
        asked, name = self._draw_running(drawn)
        result = _plain(drawn.draw(self.strategies.outcomes[asked.name], "result"))
        given = given_result if asked.name in self.definition.effects else given_output
        _reject_unfit(lambda: given(self.definition, asked.name, result))
        self._take(SucceedStep(name, result))

    def fail(self, drawn: DataObject) -> None:
        _, name = self._draw_running(drawn)
        self._take(FailStep(name))

    def cancel(self) -> None:
        self._take(CancelStep("cancelled by the test"))

    def _draw_running(self, drawn: DataObject) -> tuple[Asked, str]:
        """With the name by which a script ends it."""
        running = {name: asked for asked, name in may_end(self.instance.running)}
        name = _one_of(drawn, list(running), "effect")
        return running[name], name

    def _take(self, step: ScriptStep) -> None:
        player = self.player.fork()
        before = player.instance.snapshot
        try:
            player.take(step)
        except ScriptFailed as error:
            cause = error.__cause__
            if player.instance.snapshot != before and isinstance(step, SendStep):
                error.add_note("it was refused, but has changed something")
            elif isinstance(cause, NotAllowed) or (self.may_fail and isinstance(cause, StepFailed)):
                return
            error.add_note(_shown(self.player.script, step))
            raise
        self.player = player
        self._check()

    def _check(self) -> None:
        """Checked here, not as Hypothesis's invariants, so that a failure can show the script."""
        instance = self.instance
        try:
            wrong = broken(self.definition, instance.snapshot, instance.now)
            assert not wrong, "; ".join(wrong)
            for invariant in self.invariants:
                invariant(instance.state, instance.data)
        except Exception as error:
            error.add_note(_shown(self.player.script))
            raise


def _one_of(drawn: DataObject, names: Sequence[str], label: str) -> str:
    from hypothesis import strategies

    return drawn.draw(strategies.sampled_from(list(dict.fromkeys(names))), label)


def _shown(script: Script, last: ScriptStep | None = None) -> str:
    steps = script.steps if last is None else (*script.steps, last)
    text = write_script(msgspec.structs.replace(script, steps=steps), "json")
    return f"the script that leads here:\n{text}"


def _reject_unfit(read: Callable[[], Any]) -> None:
    """Skips a value that a strategy gives and that is not of its type."""
    from hypothesis import reject

    try:
        read()
    except (InvalidPayload, TooLarge):
        reject()


def _plain(value: Any) -> Any:
    """The value as plain JSON; skips what has no such form."""
    from hypothesis import reject

    try:
        plain = jsonable(value)
    except InvalidPayload:
        reject()
    if isinstance(plain, dict):
        plain.pop("type", None) if isinstance(value, BaseModel) else None
    return plain
