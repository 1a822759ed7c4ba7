"""States that are used more than once: a document's ``templates``, expanded before it is read.

A use is replaced by the states of its template, and the template's transitions join the table of
transitions, before those of the document. What is checked, compiled and written back is the
expanded document; its values keep the lines that they were written in.

1. A text that is ``$`` and the name of a parameter stands for the value that the use gives; in a
   list, a list stands for its items. ``$$name`` is the text ``$name``.
2. Paths of states and names of transitions in a template begin at the use.
3. With ``data``, the expressions in a use see that field in place of the data, and its effects are
   effects of its own, which see it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from statehold.formats.native.model import StateSpec, TemplateSpec
from statehold.formats.native.narrowed import Inside, effects_named, narrowed_effect
from statehold.formats.native.part import keys_of
from statehold.formats.native.problems import Problems, TooManyProblems, near, shown
from statehold.plain.values import DEPTH_LIMIT, ParsedDocument, Path

#: scalars, mappings and lists that all uses together have
VALUE_LIMIT = 50_000
#: characters of the paths, names and expressions that uses make of those of their templates
TEXT_LIMIT = 4_000_000
#: characters of the path of a field that a use sees
PART_LIMIT = 1_000
#: levels of uses inside of uses
USE_DEPTH_LIMIT = 16
#: keys of a state that is a use; all else comes from its template
USE_KEYS = frozenset({"use", "with", "data", "initial", "label", "meta"})
#: keys of a template that are none of its state
_OWN_KEYS = frozenset({"parameters", "transitions"})

_REFERENCE = re.compile(r"\$(\$?)([A-Za-z_][A-Za-z0-9_]*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_NONE: Any = object()


@dataclass(slots=True)
class _Template:
    """``parameters`` are names with their defaults, ``_NONE`` where one has to be given."""

    written: dict[str, Any]
    path: Path
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a body stands: its path in the document, the id of its state, the field that it sees,
    the use that says so, and the templates that it stands in."""

    path: Path
    id: str
    part: str = ""
    owner: str = ""
    stack: tuple[str, ...] = ()

    def below(self, *keys: str, id: str) -> _Place:
        return replace(self, path=(*self.path, *keys), id=id)


def expanded(problems: Problems) -> Problems:
    """The problems so far, about the document without its templates.

    Raises ``TooManyProblems`` where it would be larger than a document may be; the problems of the
    argument say so.
    """
    value = problems.document.value
    if not isinstance(value, dict) or "templates" not in value:
        return problems
    return _Expansion(problems, value).result()


class _Expansion:
    def __init__(self, problems: Problems, value: dict[str, Any]) -> None:
        self.problems = problems
        self.value = value
        #: of the document, and of what is expanded
        self.lines = problems.document.lines
        self.left = VALUE_LIMIT
        self.text_left = TEXT_LIMIT
        self.transitions: dict[str, Any] = {}
        self.effects: dict[str, Any] = {}
        #: effects with the names that uses have for them
        self.renamed: dict[tuple[str, str], str] = {}
        #: where a value is missing, so that nothing more is reported of it
        self.missing: list[Path] = []
        self.templates = dict(self._templates())

    def result(self) -> Problems:
        found = {key: part for key, part in self.value.items() if key != "templates"}
        declared = found.get("effects")
        self.declared = declared if isinstance(declared, dict) else {}
        if isinstance(found.get("states"), dict):
            found["states"] = self._states(found["states"], _Place(("states",), ""))
        for template in self.templates.values():
            self._note_unused(template)
        rows = found.get("transitions")
        if self.transitions and (rows is None or isinstance(rows, dict)):
            for name in self.transitions:
                if name in (rows or {}):
                    message = "a use brings a transition of this name"
                    self.problems.add(("transitions", name), message, "rename one of them")
            found["transitions"] = self.transitions | (rows or {})
        if self.effects:
            found["effects"] = self._used_effects(found) | self.effects
        after = Problems(ParsedDocument(found, self.lines))
        after.found = self.problems.found
        for path in self.missing:
            after.repaired(path)
        return after

    # --- the templates ---

    def _templates(self) -> Iterator[tuple[str, _Template]]:
        written = self.value["templates"]
        if written is not None and not isinstance(written, dict):
            self.problems.add(("templates",), f"it is {shown(written)}, not a mapping")
            return
        known = keys_of(TemplateSpec)
        for name, body in (written or {}).items():
            path: Path = ("templates", name)
            if not isinstance(body, dict):
                self.problems.add(path, f"it is {shown(body)}, not a mapping", "write its states")
                continue
            for key in body:
                if key not in known:
                    self.problems.add((*path, key), f"{key!r} is not known here", near(key, known))
            template = _Template(body, path)
            self._parameters(template)
            yield name, template

    def _parameters(self, template: _Template) -> None:
        written, path = template.written.get("parameters"), (*template.path, "parameters")
        if isinstance(written, list):
            written = {name: None for name in written if isinstance(name, str)}
        if written is not None and not isinstance(written, dict):
            self.problems.add(path, f"it is {shown(written)}", "write parameters: [name]")
            return
        for name, options in (written or {}).items():
            if not _NAME.fullmatch(name):
                hint = "use letters, digits and _"
                self.problems.add((*path, name), f"a parameter can't be called {name!r}", hint)
                continue
            template.parameters[name] = _NONE
            doc = options.get("doc") if isinstance(options, dict) else None
            if doc is not None and not isinstance(doc, str):
                self.problems.add((*path, name, "doc"), f"it is {shown(doc)}, not text")
            elif isinstance(options, dict) and set(options) <= {"default", "doc"}:
                template.parameters[name] = options.get("default", _NONE)
            elif options is not None:
                hint = "write {default: value}, or leave it empty"
                self.problems.add((*path, name), f"it is {shown(options)}", hint)

    def _note_unused(self, template: _Template) -> None:
        named = set(_references({k: v for k, v in template.written.items() if k != "parameters"}))
        for name in template.parameters:
            if name not in named:
                path = (*template.path, "parameters", name)
                self.problems.add(path, "nothing in the template uses it", f"write ${name} there")

    # --- states ---

    def _states(self, states: dict[str, Any], place: _Place) -> dict[str, Any]:
        """The same, with what is used in place of the uses."""
        found: dict[str, Any] = {}
        for name, state in states.items():
            here = place.below(name, id=f"{place.id}.{name}" if place.id else name)
            if isinstance(state, dict) and "use" in state:
                state = self._use(state, here)
            elif isinstance(state, dict) and isinstance(state.get("states"), dict):
                inside = self._states(state["states"], here.below("states", id=here.id))
                state = state | {"states": inside}
            found[name] = state
        return found

    def _use(self, use: dict[str, Any], place: _Place) -> dict[str, Any] | None:
        name, path = use["use"], place.path
        template = self.templates.get(name) if isinstance(name, str) else None
        fault, hint = "", ""
        if template is None:
            fault, hint = f"there is no template {shown(name)}", near(str(name), self.templates)
        elif name in place.stack:
            way = " > ".join((*place.stack[place.stack.index(name) :], name))
            fault = f"the template {name} uses itself: {way}"
        elif len(place.stack) >= USE_DEPTH_LIMIT or len(path) > DEPTH_LIMIT:
            fault = f"it is nested too deeply: a use stands in at most {USE_DEPTH_LIMIT} others"
        if template is None or fault:
            self.problems.add((*path, "use"), fault, hint)
            # rules may name its states
            raise TooManyProblems
        for key in use:
            if key not in USE_KEYS:
                known = key in keys_of(StateSpec)
                hint = "write it in the template" if known else near(key, USE_KEYS)
                self.problems.add((*path, key), f"a use has no {key}", hint)
        part = self._part(use, path)
        if part:
            part = f"{place.part}.{part}" if place.part else part
            if len(part) > PART_LIMIT:
                message = f"the path of its field has {len(part)} characters"
                self.problems.add((*path, "data"), message, f"the limit is {PART_LIMIT}")
                raise TooManyProblems
            place = replace(place, part=part, owner=place.id)
        values = self._values(use, template, name, path)
        return self._filled(template, values, use, replace(place, stack=(*place.stack, name)))

    def _part(self, use: dict[str, Any], path: Path) -> str:
        given = use.get("data")
        if given is None:
            return ""
        if isinstance(given, str) and _FIELD.fullmatch(given):
            return given
        self.problems.add((*path, "data"), f"it is {shown(given)}", "name a field of the data")
        return ""

    def _values(
        self, use: dict[str, Any], template: _Template, name: str, path: Path
    ) -> dict[str, tuple[Any, Path]]:
        """Of each parameter, its value and where it is written; ``_NONE`` where there is none."""
        given, here = use.get("with"), (*path, "with")
        if given is not None and not isinstance(given, dict):
            self.problems.add(here, f"it is {shown(given)}, not a mapping", "write name: value")
        given = given if isinstance(given, dict) else {}
        for key in given:
            if key not in template.parameters:
                hint = near(key, template.parameters)
                self.problems.add((*here, key), f"{name} has no parameter {key!r}", hint)
        values: dict[str, tuple[Any, Path]] = {}
        for key, default in template.parameters.items():
            values[key] = (default, (*template.path, "parameters", key, "default"))
            if key in given:
                values[key] = (given[key], (*here, key))
            elif default is _NONE:
                self.problems.add(path, f"the parameter {key} of {name} is missing",
                                  f"write with: {{{key}: ...}}")  # fmt: skip
        return values

    def _filled(
        self,
        template: _Template,
        values: dict[str, tuple[Any, Path]],
        use: dict[str, Any],
        place: _Place,
    ) -> dict[str, Any]:
        """The state that a use is; its transitions join the others."""
        state: dict[str, Any] = {}
        for key, part in template.written.items():
            if key not in _OWN_KEYS:
                state[key] = self._copied(part, (*template.path, key), (*place.path, key), values)
        rows = template.written.get("transitions")
        if rows is not None and not isinstance(rows, dict):
            path = (*template.path, "transitions")
            self.problems.add(path, f"it is {shown(rows)}, not a mapping", "write name: {on: ...}")
        copied = {
            (id := self._made(f"{place.id}.{name}")): self._copied(
                row, (*template.path, "transitions", name), ("transitions", id), values
            )
            for name, row in (rows.items() if isinstance(rows, dict) else ())
        }  # fmt: skip
        inside = Inside(place.id, place.part, lambda name: self._effect(name, place), self._made)
        inside.state(state)
        if isinstance(state.get("states"), dict):
            state["states"] = self._states(state["states"], place.below("states", id=place.id))
        for row in copied.values():
            if isinstance(row, dict):
                inside.transition(row)
        for name in dict.fromkeys(inside.offered):
            message = (
                f"the function {name} would see all of the data, and this use sees {place.part}"
            )
            self.problems.add((*place.path, "data"), message, "write it in CEL, or leave data out")
        self.transitions |= copied
        return state | {key: use[key] for key in ("initial", "label", "meta") if key in use}

    # --- effects ---

    def _effect(self, name: str, place: _Place) -> str:
        """The name of the effect that sees what a use sees."""
        spec = self.declared.get(name)
        if name not in self.declared or not (spec is None or isinstance(spec, dict)):
            return name
        key = (place.owner, name)
        if key not in self.renamed:
            made = self.renamed[key] = self._made(f"{place.owner}.{name}")
            if made in self.declared or made in self.effects:
                path = ("effects", made) if made in self.declared else ("effects", name)
                message = f"a use makes of {name} an effect that is called {made}"
                self.problems.add(path, message, "give one of the two another name")
            copied = self._copied(spec or {}, ("effects", name), ("effects", made), None)
            if isinstance(copied.get("use"), str):
                copied["use"] = self._effect(copied["use"], place)
            else:
                if "http" not in copied:
                    copied.setdefault("offered", name)
                inside = Inside("", place.part, lambda name: name, self._made)
                narrowed_effect(copied, inside)
            self.effects[made] = copied
        return self.renamed[key]

    def _used_effects(self, found: dict[str, Any]) -> dict[str, Any]:
        """Those that are declared, without those that only uses with ``data`` ask for."""
        asked = effects_named(found)
        left_out = {name for _, name in self.renamed} - asked
        for name, spec in self.declared.items():
            used = spec.get("use") if isinstance(spec, dict) else None
            if isinstance(used, str) and used in left_out:
                if name in asked:
                    left_out.discard(used)
                else:
                    left_out.add(name)
        return {name: spec for name, spec in self.declared.items() if name not in left_out}

    # --- values ---

    def _made(self, text: str) -> str:
        self.text_left -= len(text)
        if self.text_left < 0:
            message = f"uses of templates make more than {TEXT_LIMIT} characters of text"
            self.problems.add(("templates",), message, "use fewer of them, or shorter expressions")
            raise TooManyProblems
        return text

    def _copied(
        self,
        value: Any,
        source: Path,
        place: Path,
        values: Mapping[str, tuple[Any, Path]] | None,
    ) -> Any:
        """A copy with the values of parameters in place of them; None: there are no parameters."""
        self.left -= 1
        if self.left < 0 or len(place) > DEPTH_LIMIT:
            message = (
                f"it is nested more than {DEPTH_LIMIT} levels deep"
                if self.left >= 0
                else f"uses of templates have more than {VALUE_LIMIT} values in all"
            )
            self.problems.add(("templates",), message, "use fewer of them")
            raise TooManyProblems
        line = self.lines.get(source)
        if line is not None and line != self.lines.get(place[:-1]):
            # where it is that of what it stands in, it is found there
            self.lines[place] = line
        if isinstance(value, dict):
            return {
                key: self._copied(one, (*source, key), (*place, key), values)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return self._items(value, source, place, values)
        referred = _REFERENCE.fullmatch(value) if values is not None and _is_text(value) else None
        if referred is None or values is None:
            return value
        escaped, name = referred.groups()
        if escaped:
            return value[1:]
        if name not in values:
            hint = near(name, values) if values else "declare it under parameters"
            self.problems.add(
                source, f"there is no parameter {name!r}", f"{hint}; or write $${name}"
            )
        found, where = values.get(name, (_NONE, source))
        if found is _NONE:
            self.missing.append(place)
            return None
        return self._copied(found, where, place, None)

    def _items(
        self,
        items: list[Any],
        source: Path,
        place: Path,
        values: Mapping[str, tuple[Any, Path]] | None,
    ) -> list[Any]:
        found: list[Any] = []
        for number, item in enumerate(items):
            made = self._copied(item, (*source, number), (*place, len(found)), values)
            if isinstance(made, list) and not isinstance(item, list):
                found += made
            else:
                found.append(made)
        return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        referred = _REFERENCE.fullmatch(value)
        if referred is not None and not referred[1]:
            yield referred[2]
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _references(one)
