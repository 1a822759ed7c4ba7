"""The differences between two charts, in words.

Everything counts that a running instance could depend on. Texts for people (``doc``, and titles
and descriptions in the data's schema) and the payloads of events do not: neither is stored with
an instance. Who may send an event, by ``by`` or as it is internal, does not count either, nor do
labels; both change without a new version (:func:`sender_difference`, :func:`label_difference`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from statehold.chart.access import in_words
from statehold.chart.model import (
    ROOT,
    Action,
    Block,
    Chart,
    Delay,
    Guard,
    Initial,
    Invoke,
    Policy,
    StateNode,
    Transition,
    Trigger,
)

#: depth to which a schema is compared field by field; deeper parts are compared as a whole
SCHEMA_DEPTH_LIMIT = 32

_STATE_FIELDS = {
    "kind": "kind",
    "parent": "parent",
    "initial": "initial",
    "entry": "entry actions",
    "exit": "exit actions",
    "invokes": "invokes",
    "deep": "deep",
    "output": "output",
    "owner": "owner",
    "tags": "tags",
    "deadline": "deadline",
}
_TRANSITION_FIELDS = {
    "source": "source",
    "trigger": "trigger",
    "targets": "targets",
    "guards": "guards",
    "actions": "actions",
    "internal": "internal",
}
#: members of a schema whose keys are names of the user, not of JSON Schema
_NAMING = frozenset({"properties", "$defs", "definitions", "patternProperties"})
_FOR_PEOPLE = frozenset({"title", "description"})
_ABSENT = object()


def difference(old: Chart, new: Chart) -> list[str]:
    """Every change as one line, in document order; an empty list if there is none.

    Versions are not compared, so that it can be asked whether a chart changed under its version.
    """
    lines = []
    if old.name != new.name:
        lines.append(f"the machine's name was {old.name} and is {new.name}")
    for name in Policy.__struct_fields__:
        lines += _changed("policy", name, getattr(old.policy, name), getattr(new.policy, name))
    lines += _difference_of("state", old.states, new.states, _STATE_FIELDS)
    lines += _difference_of("transition", _unguarded(old), _unguarded(new), _TRANSITION_FIELDS)
    lines += _schema_difference("", _bare(old.data_schema), _bare(new.data_schema), 0)
    return lines


def sender_difference(old: Chart, new: Chart) -> list[str]:
    """Who may send what, where that changed: one line for each transition and event of both."""
    lines = []
    after = {one.id: one for one in new.transitions}
    for was in old.transitions:
        now = after.get(was.id)
        if now is not None:
            lines += _changed(f"transition {was.id}", "by", _senders(was), _senders(now))
    internal = {event.name: event.internal for event in new.events}
    for event in old.events:
        is_internal = internal.get(event.name, event.internal)
        lines += _changed(f"event {event.name}", "internal", event.internal, is_internal)
    return lines


def input_difference(old: Chart, new: Chart) -> list[str]:
    """What a start takes, where that changed. Instances that run know nothing of it."""
    if old.input is None and new.input is None:
        return []
    if old.input is None or new.input is None:
        took, takes = ("the data" if one.input is None else "an input" for one in (old, new))
        return [f"a start took {took} and takes {takes}"]
    lines = _changed("the input", "function", old.input, new.input)
    schemas = _bare(old.input_schema), _bare(new.input_schema)
    return lines + [
        f"input{line.removeprefix('data')}" for line in _schema_difference("", *schemas, 0)
    ]


def label_difference(old: Chart, new: Chart) -> list[str]:
    """What people read in place of identifiers, where that changed: one line for each."""
    lines = _changed("the machine", "label", old.label or None, new.label or None)
    for what, before, after in (
        ("state", {one.id: one.label for one in old.states}, new.states),
        ("event", {one.name: one.label for one in old.events}, new.events),
    ):
        for one in after:
            id = one.id if isinstance(one, StateNode) else one.name
            if id in before:
                lines += _changed(f"{what} {id}", "label", before[id] or None, one.label or None)
    return lines


def _senders(transition: Transition) -> str | None:
    named = [guard.name.split(",") for guard in transition.guards if guard.kind == "by"]
    return " and ".join(" or ".join(map(in_words, one)) for one in named) or None


def _unguarded(chart: Chart) -> list[Transition]:
    """The transitions without who may send their events."""
    return [
        replace(one, guards=tuple(guard for guard in one.guards if guard.kind != "by"))
        for one in chart.transitions
    ]


def _difference_of(
    what: str,
    old: Sequence[StateNode] | Sequence[Transition],
    new: Sequence[StateNode] | Sequence[Transition],
    fields: Mapping[str, str],
) -> list[str]:
    before: dict[str, StateNode | Transition] = {one.id: one for one in old}
    after: dict[str, StateNode | Transition] = {one.id: one for one in new}
    lines = []
    for id, was in before.items():
        place = f"{what} {_id(id)}"
        if id not in after:
            lines.append(f"{place} was removed")
            continue
        for field, words in fields.items():
            lines += _changed(place, words, getattr(was, field), getattr(after[id], field))
    lines += [f"{what} {_id(id)} was added" for id in after if id not in before]
    # document order decides between transitions, so a shuffled chart behaves differently
    kept_before = [id for id in before if id in after]
    kept_after = [id for id in after if id in before]
    if kept_before != kept_after:
        moved = next(b for a, b in zip(kept_before, kept_after, strict=True) if a != b)
        lines.append(f"the order of {what}s changed, from {what} {_id(moved)} on")
    return lines


def _changed(place: str, field: str, was: Any, now: Any) -> list[str]:
    if was == now:
        return []
    were, are = ("were", "are") if field.endswith("s") else ("was", "is")
    return [f"{place}: {field} {were} {_words(was)} and {are} {_words(now)}"]


# --- values in words -----------------------------------------------------------------------


def _words(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case Action():
            return f"effect {value.name}" if value.kind == "effect" else value.name
        case Guard():
            return value.name if value.kind == "function" else f"{value.kind} {value.name}"
        case Delay():
            return f"{value.seconds:g} s" if value.function is None else value.function
        case Initial():
            content = f" with {_blocks(value.actions)}" if value.actions else ""
            return f"{', '.join(value.targets)}{content}"
        case Invoke():
            return _invoke(value)
        case Trigger():
            delay = f" {_words(value.delay)}" if value.delay is not None else ""
            names = f" {', '.join(value.events)}" if value.events else ""
            return f"{value.kind}{delay}{names}"
        case tuple() if value and all(isinstance(one, tuple) for one in value):
            return _blocks(value)
        case tuple():
            return f"[{', '.join(_words(one) for one in value)}]"
        case str():
            return _id(value)
        case _:
            return repr(value)


def _blocks(blocks: Iterable[Block]) -> str:
    """Blocks are separate: an error ends only its own block."""
    return f"[{' | '.join(', '.join(_words(action) for action in block) for block in blocks)}]"


def _invoke(invoke: Invoke) -> str:
    extra = [f"as {invoke.id}"]
    if invoke.input is not None:
        extra.append(f"input {invoke.input}")
    if invoke.finalize:
        extra.append(f"finalize {_blocks((invoke.finalize,))}")
    if invoke.choice is not None:
        extra.append(f"chosen by {invoke.choice}")
    if invoke.before:
        extra.append(f"before {_blocks((invoke.before,))}")
    if invoke.autoforward:
        extra.append("autoforward")
    return f"{invoke.kind} {invoke.name} ({', '.join(extra)})"


def _id(id: str) -> str:
    return "(root)" if id == ROOT else id


# --- the data's schema ---------------------------------------------------------------------


def _bare(schema: Any, named: bool = False) -> Any:
    """The schema without titles and descriptions, with sets in a fixed order."""
    if isinstance(schema, Mapping):
        return {
            key: _bare(value, not named and key in _NAMING)
            for key, value in schema.items()
            if named or not (key in _FOR_PEOPLE and isinstance(value, str))
        }
    if isinstance(schema, list):
        bare = [_bare(one) for one in schema]
        return sorted(bare) if all(isinstance(one, str) for one in bare) else bare
    return schema


def _schema_difference(path: str, was: Any, now: Any, depth: int) -> list[str]:
    """``path`` names a field (``items.0``) or is empty for the data itself."""
    if was == now:
        return []
    if not (isinstance(was, Mapping) and isinstance(now, Mapping)) or depth == SCHEMA_DEPTH_LIMIT:
        return [f"data{_at(path)}: was {_json(was)} and is {_json(now)}"]
    lines = []
    for key in dict.fromkeys((*was, *now)):
        before, after = was.get(key, _ABSENT), now.get(key, _ABSENT)
        if before == after:
            continue
        if key in ("properties", "$defs"):
            lines += _fields_difference(path, key, before, after, depth + 1)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            lines += _schema_difference(_join(path, key), before, after, depth + 1)
        else:
            lines.append(f"data{_at(path)}: {key} was {_json(before)} and is {_json(after)}")
    return lines


def _fields_difference(path: str, key: str, was: Any, now: Any, depth: int) -> list[str]:
    what = "field" if key == "properties" else "type"
    before: Mapping[str, Any] = {} if was is _ABSENT else was
    after: Mapping[str, Any] = {} if now is _ABSENT else now
    lines = []
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            lines.append(f"data: {what} {_join(path, name)} was removed")
        elif name not in before:
            lines.append(f"data: {what} {_join(path, name)} was added")
        else:
            lines += _schema_difference(_join(path, name), before[name], after[name], depth)
    return lines


def _at(path: str) -> str:
    return f" {path}" if path else ""


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _json(value: Any) -> str:
    return "not there" if value is _ABSENT else repr(value)
