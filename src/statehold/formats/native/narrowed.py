"""What a template's body becomes in a use of it: paths below the use, and a field as its data."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from statehold.expression.language import EXPRESSION_LIMIT
from statehold.formats.native.durations import duration_of

#: a text in quotes, raw or not; a comment; a name; any other character but a space
_TOKEN = re.compile(
    r"""[bB]?[rR][bB]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')"""
    r"""|[bB]?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3})"""
    r"""|[bB]?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|//[^\n]*|`[^`\n]*`|[A-Za-z_][A-Za-z0-9_]*|[0-9][A-Za-z0-9_]*|[^\s]""",
    re.DOTALL,
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def narrowed(text: str, part: str) -> str:
    """An expression that sees a field in place of the data: ``data`` becomes ``data.part``, unless
    it is the name of a field, or stands in a text or a comment. One that is too long to be an
    expression stays as it is, and is reported when the document is read."""
    if len(text) > EXPRESSION_LIMIT:
        return text
    found: list[str] = []
    end, before, operand = 0, "", False
    for token in _TOKEN.finditer(text):
        word = token.group()
        found.append(text[end : token.start()])
        # a dot that follows nothing to select from begins a name at the root
        is_field = before == "." and operand
        found.append(f"{word}.{part}" if word == "data" and not is_field else word)
        end = token.end()
        if word.startswith("//"):
            continue
        if word != ".":
            operand = word[-1].isalnum() or word[-1] in "_)]}\"'`"
        before = word
    return "".join((*found, text[end:]))


class Inside:
    """The body of one use, whose path is ``id``. ``part`` is the field that it sees, empty for all
    of the data; ``effect`` gives an effect's name there, and ``made`` is given each text that is
    made, to bound them. What is not of the notation's form stays as it is: it is reported when the
    document is read."""

    def __init__(
        self, id: str, part: str, effect: Callable[[str], str], made: Callable[[str], str]
    ) -> None:
        self.id = id
        self.part = part
        self.effect = effect if part else _same
        self.made = made
        #: ids that invokes were given
        self.ids: set[str] = set()
        #: functions of the server, where a field is seen
        self.offered: list[str] = []

    def state(self, state: dict[str, Any]) -> None:
        """Changes a state and those inside it, but not uses, which see what they say."""
        if "use" in state:
            return
        _change(state, "default", self.paths)
        for key in ("entry", "exit"):
            _change(state, key, self.actions)
        for key in ("deadline", "output"):
            _change(state, key, self.given)
        _change(state, "invoke", lambda value: _each(value, self.invoke))
        inside = state.get("states")
        for child in inside.values() if isinstance(inside, dict) else ():
            if isinstance(child, dict):
                self.state(child)

    def transition(self, row: dict[str, Any]) -> None:
        if "from" not in row:
            row["from"] = self.id
        else:
            _change(row, "from", self.paths)
        _change(row, "to", self.paths)
        _change(row, "after", self.given)
        _change(row, "when", lambda value: _each(value, self.guard))
        _change(row, "do", self.actions)
        _change(row, "into", self.field)
        for key in ("on_result", "on_failure"):
            _change(row, key, self.asked)

    # --- parts ---

    def paths(self, value: Any) -> Any:
        return _each(value, lambda path: self.below(path) if isinstance(path, str) else path)

    def below(self, path: str, between: str = ".") -> str:
        return self.made(f"{self.id}{between}{path}")

    def expression(self, value: Any) -> Any:
        if self.part and isinstance(value, dict) and isinstance(value.get("function"), str):
            self.offered.append(value["function"])
        if not self.part or not isinstance(value, str):
            return value
        return self.made(narrowed(value, self.part))

    def given(self, value: Any) -> Any:
        return value if duration_of(value) is not None else self.expression(value)

    def field(self, value: Any) -> Any:
        if not self.part or not isinstance(value, str):
            return value
        return self.made(f"{self.part}.{value}")

    def guard(self, value: Any) -> Any:
        if isinstance(value, dict):
            _change(value, "in", self.paths)
        return self.expression(value)

    def record(self, value: Any) -> Any:
        """A mapping of expressions, or one expression."""
        if isinstance(value, dict) and set(value) != {"function"}:
            return {key: self.expression(one) for key, one in value.items()}
        return self.expression(value)

    def invoke(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.effect(value)
        if isinstance(value, dict):
            if isinstance(value.get("effect"), str):
                value["effect"] = self.effect(value["effect"])
            if isinstance(value.get("id"), str):
                self.ids.add(value["id"])
                value["id"] = self.below(value["id"], "/")
            _change(value, "input", self.record)
        return value

    def asked(self, name: Any) -> Any:
        """An effect, a machine, or the id of an invoke."""
        if not isinstance(name, str):
            return name
        if name in self.ids:
            return self.below(name, "/")
        state, slash, invoked = name.partition("/")
        # one without an id of its own has that of its state and what it invokes, as it is there
        return f"{self.below(state)}/{self.effect(invoked)}" if slash else self.effect(name)

    def actions(self, value: Any) -> Any:
        return _each(value, self.action)

    def action(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if isinstance(value.get("set"), dict):
            value["set"] = {
                self.field(key): self.expression(one) for key, one in value["set"].items()
            }
        if isinstance(value.get("effect"), str):
            value["effect"] = self.effect(value["effect"])
        self.expression(value)
        _change(value, "with", self.record)
        _change(value, "after", self.given)
        if isinstance(value.get("to"), dict):
            _change(value["to"], "instance", self.expression)
        return value


def effects_named(document: dict[str, Any]) -> set[str]:
    """The names that states, transitions and upgrades have for effects, outside of templates."""
    found: set[str] = set()

    def note(value: Any) -> Any:
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, dict) and isinstance(value.get("effect"), str):
            found.add(value["effect"])
        return value

    def look(state: dict[str, Any]) -> None:
        _each(state.get("invoke"), note)
        for key in ("entry", "exit"):
            _each(state.get(key), lambda action: note(_mapping(action)))
        for child in _mapping(state.get("states")).values():
            look(_mapping(child))

    look(document)
    _each(document.get("do"), lambda action: note(_mapping(action)))
    for row in _mapping(document.get("transitions")).values():
        for key in ("on_result", "on_failure"):
            note(_mapping(row).get(key))
        _each(_mapping(row).get("do"), lambda action: note(_mapping(action)))
    _each(
        document.get("upgrades"),
        lambda upgrade: [
            note(name) for name in _mapping(_mapping(upgrade).get("effects")).values()
        ],
    )
    return found


def narrowed_effect(spec: dict[str, Any], inside: Inside) -> None:
    """Changes a declared effect to one that sees a field in place of the data."""
    part = inside.part
    http = spec.get("http")
    if not isinstance(http, dict):
        above = spec.get("data")
        spec["data"] = f"{part}.{above}" if isinstance(above, str) else part
        return
    if isinstance(http.get("url"), str):
        http["url"] = _PLACEHOLDER.sub(
            lambda found: f"{{{inside.expression(found[1])}}}", http["url"]
        )
    for key in ("query", "headers"):
        _change(http, key, inside.record)
    _change(http, "body", lambda body: _body(body, inside))


def _body(value: Any, inside: Inside) -> Any:
    if isinstance(value, dict):
        return {key: _body(one, inside) for key, one in value.items()}
    if isinstance(value, list):
        return [_body(one, inside) for one in value]
    return inside.expression(value)


def _change(holder: dict[str, Any], key: str, change: Callable[[Any], Any]) -> None:
    if key in holder:
        holder[key] = change(holder[key])


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """One, or each of a list."""
    return [change(one) for one in value] if isinstance(value, list) else change(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _same(name: str) -> str:
    return name
