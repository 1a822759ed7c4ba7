"""Actions, guards, delays and texts of states and transitions.

Names stay names; XState's own actions become text that describes them (:mod:`.terms`), where JSON
contains all of them. The others hold code or address actors, and are omissions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from statehold.chart.model import Action, Block, Delay, Guard
from statehold.formats.xstate.dialect import timer_delay
from statehold.formats.xstate.findings import Findings, below, kind_of, shorten
from statehold.formats.xstate.json_reader import canonical
from statehold.formats.xstate.state_index import SourceState, StateIndex
from statehold.formats.xstate.terms import (
    NESTING_LIMIT,
    Composed,
    composed,
    data_action,
    split_params,
    with_params,
)

#: guards in one ``and`` or ``or``
ARGUMENT_LIMIT = 100

LOST = "its code is not in the document"
_TO_PARENT = "write an action that uses context.send_parent"
_SENDS = "instances are found by their ids; write an action that uses context.send"
_WHY_NOT = {
    "xstate.assign": "its functions are not in the document; write an action of that name",
    "xstate.sendTo": _SENDS,
    "xstate.sendParent": _TO_PARENT,
    "xstate.forwardTo": "write an action that uses context.send",
    "xstate.spawnChild": "spawn no actor from an action; invoke it in a state",
    "xstate.stopChild": "what a state invokes ends with it",
    "xstate.stop": "what a state invokes ends with it",
    "xstate.start": "an activity's code is not in the document; invoke an effect",
    "xstate.log": "every step is in the journal",
    "xstate.enqueueActions": LOST,
    "xstate.pure": LOST,
    "xstate.choose": "write its conditions as guards, or one action that chooses",
    "xstate.escalate": _TO_PARENT,
    "xstate.respond": "write an action that uses context.send",
    "xstate.invoke": "invoke it in a state",
}
#: JavaScript, where version 4 has the text of an inline action for its name
_CODE = re.compile(
    r"\s*(?:(?:async\s+)?function\b\s*\*?\s*[\w$]*\s*\(|(?:async\s*)?\([^()]*\)\s*=>|(?:async\s+)?[\w$]+\s*=>)"
)
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?(?:e[-+]?[0-9]{1,2})?")


class Content:
    """Reads the parts; problems and omissions are added to ``findings``."""

    def __init__(self, index: StateIndex, findings: Findings) -> None:
        self.index = index
        self.findings = findings
        self.ids = {source.id for source in index.states}

    # --- texts ---

    def text(self, config: Mapping[str, Any], key: str, place: str) -> str:
        value = config.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        self.findings.omit(key, below(place, key), "it is no text")
        return ""

    def texts(self, value: Any, place: str) -> tuple[str, ...]:
        """One string or several."""
        found: dict[str, None] = {}
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            if isinstance(one, str):
                found[one] = None
            else:
                self.findings.complain(place, f"it is {kind_of(one)}", "give strings")
        return tuple(found)

    # --- delays ---

    def delay(self, value: Any, place: str) -> Delay | None:
        """Milliseconds, as a number or in digits, or the name of a function."""
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value)
        if isinstance(value, str) and value:
            return Delay(function=value)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return Delay(seconds=value / 1000)
        hint = "give milliseconds, 0 or more, or the name of a function"
        self.findings.complain(place, f"the delay is {kind_of(value)}", hint)
        return None

    # --- actions ---

    def blocks(self, value: Any, place: str) -> tuple[Block, ...]:
        """One block of these actions, or none at all."""
        several = isinstance(value, list)
        actions = [
            action
            for number, one in enumerate(value if several else [] if value is None else [value])
            if (action := self._action(one, below(place, number) if several else place))
        ]
        return (tuple(actions),) if actions else ()

    def _action(self, value: Any, place: str) -> Action | None:
        if isinstance(value, str):
            value = {"type": value}
        name = value.get("type") if isinstance(value, dict) else None
        if value is None or name == "":
            # JSON.stringify has null for a function that stands in a list
            self.findings.omit("action", place, f"{LOST}; give it a name")
            return None
        if not isinstance(name, str):
            hint = 'write its name, or {"type": "name", "params": {...}}'
            self.findings.complain(place, f"it is {kind_of(value)} and names no action", hint)
            return None
        if name.startswith("xstate."):
            return None if _is_timers(value) else self._provided(name, value, place)
        if _is_code(name) and data_action(name) is None:
            self.findings.omit(f"action {shorten(name)}", place, f"{LOST}; give it a name")
            return None
        params = self._params(value, place)
        return None if params is _WRONG else Action(with_params(name, params))

    def _provided(self, name: str, value: dict[str, Any], place: str) -> Action | None:
        """One of XState's own; v5 keeps its args in ``params``, v4 beside its type."""
        params = value.get("params")
        args = {**value, **(params if isinstance(params, dict) else {})}
        word, text = name.removeprefix("xstate."), None
        if word in ("raise", "send", "emit"):
            text = self._sent(word, args)
        elif word == "cancel":
            send_id = args.get("sendId", args.get("id"))
            text = f"cancel({canonical(send_id)})" if isinstance(send_id, str) else None
        elif word == "assign":
            values = args.get("assignment")
            if isinstance(values, dict) and values:
                text = f"assign({canonical(values)})"
        elif word == "spawnChild" and isinstance(args.get("src"), str) and "input" not in args:
            return Action(args["src"], "effect")
        if text is None:
            if isinstance(args.get("delay"), str):
                why = "its delay is a name; write an action that uses context.send"
            elif word == "send":
                # version 4's sendTo, forwardTo, sendParent and escalate are sends with a target
                why = _TO_PARENT if args.get("to") == "#_parent" else _SENDS
            else:
                why = _WHY_NOT.get(name, LOST if word in ("raise", "emit", "cancel") else "")
            self.findings.omit(name, place, why or "it is not known here")
            return None
        return Action(text)

    def _sent(self, word: str, args: Mapping[str, Any]) -> str | None:
        """``raise``, ``emit`` and ``send`` of an event that is data; only to the machine itself."""
        event = args.get("event")
        if isinstance(event, str):
            event = {"type": event}
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            return None
        to = args.get("to")
        if to == "#_internal" and word == "send":
            word, to = "raise", None
        if to is not None:
            return None
        delay, id = args.get("delay"), args.get("id")
        if word == "emit" or (delay is None and word == "raise"):
            return f"{word}({canonical(event)})"
        fields = {"event": event, "delay": delay, "id": id if isinstance(id, str) else None}
        text = f"send({canonical({k: v for k, v in fields.items() if v is not None})})"
        return text if data_action(text) is not None else None

    def _params(self, value: Mapping[str, Any], place: str) -> Any:
        """An object of parameters; None where there are none."""
        params = value.get("params")
        beside = {
            key: given
            for key, given in value.items()
            if key not in ("type", "params") and given is not None
        }
        if self.index.version == 4 and (params is None or isinstance(params, dict)):
            # version 4 has them beside the type
            params, beside = {**beside, **(params or {})}, {}
        for key in beside:
            where = below(place, key)
            self.findings.omit(shorten(key), where, 'parameters stand in "params"')
        if params is not None and not isinstance(params, dict):
            where = below(place, "params")
            hint = "give an object: its members are keyword args"
            self.findings.complain(where, f"it is {kind_of(params)}", hint)
            return _WRONG
        return params or None

    # --- guards ---

    def guards(self, value: Any, place: str) -> tuple[Guard, ...]:
        """All of which have to say yes."""
        return tuple(self._flat(self._guard(value, place, 0))) if value is not None else ()

    def within(self, value: Any, place: str, start: SourceState) -> tuple[Guard, ...]:
        """That a state is active: ``#id``, a path from the start, or a state value."""
        names = self._active(value, place, start)
        return tuple(self._flat(names)) if names else ()

    def _flat(self, text: str | None) -> Iterator[Guard]:
        guard = composed(text) if text else None
        if guard is not None and guard.word == "and":
            for name in guard.names:
                yield from self._flat(name)
        elif guard is not None and guard.word == "in":
            # text that we have written names a chart's id, other text may name XState's
            name = guard.names[0].removeprefix("#")
            state = None if name in self.ids else self.index.by_id(name)
            yield Guard(name if state is None else state.id, "in")
        elif text:
            yield Guard(text)

    def _guard(self, value: Any, place: str, depth: int) -> str | None:
        if isinstance(value, str) and value and not _is_code(value):
            return value
        if depth > NESTING_LIMIT:
            hint = f"the limit is {NESTING_LIMIT} levels"
            self.findings.complain(place, "it is nested too deeply", hint)
            return None
        config: dict[str, Any] = value if isinstance(value, dict) else {}
        name = config.get("type")
        if name == "xstate.guard":
            # what JSON.stringify makes of version 4's guards
            name, config = config.get("name") or "", {}
        if value in (None, "") or name == "" or _is_code(name or value):
            # without it the transition would be unconditional
            hint = "give the guard a name, and offer a function of that name"
            self.findings.complain(place, f"the guard is code, and {LOST}", hint)
            return None
        if not isinstance(name, str):
            hint = 'write its name, or {"type": "name", "params": {...}}'
            self.findings.complain(place, f"it is {kind_of(value)} and names no guard", hint)
            return None
        word = name.removeprefix("xstate.")
        params = config.get("params")
        args = {**config, **(params if isinstance(params, dict) else {})}
        if word in ("and", "or", "not") and ("guards" in args or "guard" in args):
            return self._composed(word, args.get("guards", args.get("guard")), place, depth)
        if word == "stateIn":
            where = args.get("stateValue", args.get("state"))
            return self._active(where, place, self.index.root)
        if name.startswith("xstate."):
            self.findings.complain(place, f"{name} is not in the document", "name a function")
            return None
        params = self._params(config, place)
        return None if params is _WRONG else with_params(name, params)

    def _composed(self, word: str, given: Any, place: str, depth: int) -> str | None:
        inner = given if isinstance(given, list) else [given]
        if not inner or len(inner) > ARGUMENT_LIMIT or (word == "not" and len(inner) > 1):
            hint = f"give one guard to not, up to {ARGUMENT_LIMIT} to and, or"
            self.findings.complain(place, f"{word} has {len(inner)} guards", hint)
            return None
        where = below(place, "guards")
        names = [self._guard(one, below(where, n), depth + 1) for n, one in enumerate(inner)]
        found = tuple(name for name in names if name is not None)
        return str(Composed(word, found)) if len(found) == len(names) else None

    def _active(self, value: Any, place: str, start: SourceState) -> str | None:
        found = list(self.index.under(start, value))
        states = [state for state in found if state is not None]
        if len(states) < len(found) or not states:
            seen = "the root" if start.parent is None else start.id
            hint = f"write #id, a path from {seen}, or a state value"
            self.findings.complain(place, f"it is {kind_of(value)}, no state of the machine", hint)
            return None
        names = [str(Composed("in", (f"#{state.id}",))) for state in states]
        return names[0] if len(names) == 1 else str(Composed("and", tuple(names)))


def _is_code(name: Any) -> bool:
    if not isinstance(name, str) or _CODE.match(name) is None:
        return False
    # composed guards and parameters have brackets as well
    return composed(name) is None and split_params(name)[1] is None


def _is_timers(value: Mapping[str, Any]) -> bool:
    """Whether it sets or takes back a state's own timer, which the state has by its ``after``."""
    event = value.get("event")
    name = event.get("type") if isinstance(event, dict) else value.get("sendId")
    return isinstance(name, str) and timer_delay(name) is not None


#: parameters that are none
_WRONG: Any = object()
