"""Transitions of a document: one table, each row with its name, in the order of the text.

They mean what the class notation's mean: events are matched exactly, and a transition to its own
state or a state inside stays within it unless it says ``reenter`` (docs/decisions/0002).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from statehold.chart.event import (
    CANCEL_EVENT,
    done_event,
    timer_event,
)
from statehold.chart.model import ROOT, Action, Block, Guard, Policy, Transition, Trigger
from statehold.chart.normalise import Structure, outcome_trigger
from statehold.formats.native.access import read_senders
from statehold.formats.native.action_specs import Action as ActionSpec
from statehold.formats.native.actions import Actions
from statehold.formats.native.fields import Typed
from statehold.formats.native.functions import (
    CANCELLED,
    COMPLETED,
    FAILED,
    NOWHERE,
    UNDELIVERED,
    Functions,
    Situation,
    event_situation,
    result_situation,
)
from statehold.formats.native.model import TRIGGERS, TransitionSpec
from statehold.formats.native.problems import TooManyProblems, near
from statehold.formats.native.states import States, StateTree, words_of
from statehold.formats.notation import TRANSITION_LIMIT
from statehold.plain.values import Path

#: of all transitions, each of which has its own and those of every transition
ACTION_LIMIT = 200_000
#: the event that reports a message that could not be delivered
UNDELIVERABLE = "error.communication"


class Transitions:
    """Compiles the table. ``structure`` are the chart's states, compiled."""

    def __init__(
        self,
        tree: StateTree,
        states: States,
        actions: Actions,
        functions: Functions,
        results: Mapping[str, Typed],
        structure: Structure,
    ) -> None:
        self.tree = tree
        self.states = states
        self.problems = tree.problems
        self.actions = actions
        self.functions = functions
        self.results = results
        self.structure = structure
        self.invokes = {invoke.id: invoke for node in structure.states for invoke in node.invokes}
        #: what every transition does after its own actions
        self.always_do: tuple[Action, ...] = ()
        self._situations: dict[tuple[str, ...], Situation] = {}

    def read(
        self, specs: Mapping[str, TransitionSpec], always_do: Sequence[ActionSpec]
    ) -> Iterator[Transition]:
        for block in self.actions.block(always_do, ("do",), NOWHERE):
            self.always_do = block
        count = actions = 0
        for name, spec in specs.items():
            path: Path = ("transitions", name)
            for transition in self._rows(name, spec, path):
                count += 1
                if count > TRANSITION_LIMIT:
                    self.problems.add(path, f"there are more than {TRANSITION_LIMIT}")
                    return
                actions += sum(map(len, transition.actions))
                if actions > ACTION_LIMIT:
                    self.problems.add(
                        path, f"the transitions have more than {ACTION_LIMIT} actions in all",
                        "those of do: count at each transition, those of a transition at each of "
                        "its sources",
                    )  # fmt: skip
                    raise TooManyProblems
                yield transition

    def _rows(self, name: str, spec: TransitionSpec, path: Path) -> Iterator[Transition]:
        """One transition for each source; they share guards and actions."""
        given = spec.model_fields_set
        sources = (
            self.tree.named(spec.from_, (*path, "from"), None) if "from_" in given else (ROOT,)
        )
        targets = self.tree.named(spec.to, (*path, "to"))
        triggers = [word for word in TRIGGERS if word in given]
        if len(triggers) != 1:
            self.problems.add(
                path, f"it has {' and '.join(triggers) or 'no trigger'}",
                f"a transition has one of {', '.join(TRIGGERS)}",
            )  # fmt: skip
            return
        if sources == ():
            self.problems.add((*path, "from"), "it names no state", "leave it out for any state")
        kind = triggers[0]
        several = sources is not None and len(sources) > 1
        ids = {source: f"{name}[{source}]" if several else name for source in sources or ()}
        starts = {written: self._ends(kind, written) for written in ids}
        made = {
            written: self._trigger(kind, spec, starts[written][0], id, path)
            for written, id in ids.items()
        }
        situation = self._situation(kind, spec, [trigger for trigger in made.values() if trigger])
        guards = tuple(self._guards(spec, path, situation))
        actions = self._actions(kind, spec, path, situation)
        for written, trigger in made.items():
            if trigger is None or targets is None:
                continue
            source, ended = starts[written]
            onward, internal = targets, False
            if not spec.reenter and source != ROOT:
                onward, internal = self.structure.inward(source, targets, Policy())
            yield Transition(
                ids[written],
                source,
                trigger,
                onward,
                (*ended, *guards),
                actions,
                internal,
                spec.doc or "",
                spec.meta,
            )

    def _ends(self, kind: str, source: str) -> tuple[str, tuple[Guard, ...]]:
        """Where it starts, and what it asks first: from a final state, ``on_done`` is the end of
        the state around it, by this one."""
        if kind != "on_done" or self.tree.kind(source) != "final":
            return source, ()
        return self.tree.states[source].parent, (Guard(source, "in"),)

    def _actions(
        self, kind: str, spec: TransitionSpec, path: Path, situation: Situation
    ) -> tuple[Block, ...]:
        """Its own, and those of every transition, in one block."""
        given: list[Action] = []
        if spec.into is not None and kind != "on_result":
            self.problems.add((*path, "into"), "it has no result", "write on_result")
        elif spec.into is not None:
            action = self.actions.into(spec.into, (*path, "into"), situation)
            given += [action] if action else []
        for block in self.actions.block(spec.do, (*path, "do"), situation):
            given += block
        actions = (*given, *self.always_do)
        return (actions,) if actions else ()

    # --- triggers ---

    def _trigger(
        self, kind: str, spec: TransitionSpec, source: str, id: str, path: Path
    ) -> Trigger | None:
        here = (*path, kind)
        match kind:
            case "on":
                return self._events(words_of(spec.on), here)
            case "after":
                delay = self.states.delay(spec.after, here)
                return Trigger("after", (timer_event(id),), delay) if delay else None
            case "always":
                return Trigger("always")
            case "on_cancel":
                return Trigger("cancel", (CANCEL_EVENT,))
            case "on_done":
                if source == ROOT:
                    self.problems.add(
                        here, "it starts from the machine, whose end is the end of the instance",
                        "write from: a state that has states inside",
                    )  # fmt: skip
                elif self.tree.kind(source) not in ("compound", "parallel"):
                    self.problems.add(
                        here, f"{source} has no states inside and is never done",
                        "start from a state that has some, or write on: an event",
                    )  # fmt: skip
                return Trigger("done", (done_event(source),))
        return self._outcome(kind, spec.on_result or spec.on_failure or "", source, here)

    def _events(self, names: tuple[str, ...], path: Path) -> Trigger | None:
        if names == ("*",):
            return Trigger("any")
        known = self.actions.known.events
        for name in names:
            if name not in known and name != UNDELIVERABLE:
                self.problems.add(
                    path, f"there is no event {name!r}", near(name, [*known, UNDELIVERABLE])
                )
        if not names:
            self.problems.add(path, "it names no event", "write on: Accept")
        return Trigger("event", names) if names else None

    def _outcome(self, kind: str, name: str, source: str, path: Path) -> Trigger | None:
        known = {*self.actions.known.effects, *self.states.children}
        among = None
        if name not in known and name in self.invokes:
            # one of several that invoke the same
            among, name = (name,), self.invokes[name].name
        ids, others = self.structure.outcomes_of(name, source, among=among)
        if name in self.actions.detached and among is None:
            ids = (*ids, name)
        if not ids:
            elsewhere = ", ".join(others)
            if name in known:
                hint = (
                    f"it is invoked by {elsewhere}: start there"
                    if elsewhere
                    else (f"write invoke: {name} at the state, or do: {{effect: {name}}} somewhere")
                )
            else:
                hint = near(name, known)
            where = source or "the machine"
            self.problems.add(path, f"no state in or around {where} invokes {name!r}", hint)
            return None
        return outcome_trigger(ids, failed=kind == "on_failure")

    def _situation(self, kind: str, spec: TransitionSpec, made: list[Trigger]) -> Situation:
        events = tuple(dict.fromkeys(name for trigger in made for name in trigger.events))
        if kind == "on":
            if events == (UNDELIVERABLE,):
                return UNDELIVERED
            if UNDELIVERABLE in events or not events:
                return NOWHERE
            if events not in self._situations:
                known = self.actions.known.payloads
                names = tuple(name for name in events if name in known)
                self._situations[events] = event_situation(names, known)
            return self._situations[events]
        if kind == "on_result":
            name = spec.on_result or ""
            if name not in self.results and name in self.invokes:
                name = self.invokes[name].name
            return result_situation(self.results.get(name), events)
        if kind == "on_failure":
            return Situation(FAILED.variables, FAILED.closed, events)
        if kind == "on_cancel":
            return Situation(CANCELLED.variables, CANCELLED.closed, events)
        if kind == "on_done":
            return Situation(COMPLETED.variables, frozenset(), events)
        return NOWHERE

    # --- guards ---

    def _guards(self, spec: TransitionSpec, path: Path, situation: Situation) -> Iterator[Guard]:
        for guard, here in self.problems.items(spec.when, (*path, "when")):
            if isinstance(guard, str):
                name = self.functions.guard(guard, here, situation)
                if name:
                    yield Guard(name)
                continue
            asked = guard.model_fields_set
            if len(asked) != 1:
                self.problems.add(here, "a guard asks one thing", "write in, or function")
            elif guard.function is not None:
                if name := self.functions.offered_function(guard.function, (*here, "function")):
                    yield Guard(name)
            elif not guard.in_:
                self.problems.add((*here, "in"), "it names no state")
            else:
                for state in self.tree.named(guard.in_, (*here, "in")) or ():
                    yield Guard(state, "in")
        roles = read_senders(spec.by, (*path, "by"), self.problems)
        if roles:
            # last, so that a refusal can say that only the role is missing
            yield Guard(",".join(roles), "by")
