"""From a document to a machine, in one go: every mistake is told at once, or there is none."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from statehold.chart.event import Event
from statehold.chart.machine import Definition
from statehold.chart.model import ROOT, Chart, EventShape
from statehold.chart.normalise import Structure
from statehold.chart.validate import (
    VERSION_LIMIT,
    place_of_state,
    place_of_transition,
    validate,
)
from statehold.chart.values import Shape
from statehold.errors import DefinitionError, Problem
from statehold.formats.native.actions import Actions, Known
from statehold.formats.native.effects import Effects
from statehold.formats.native.fields import Fields, Typed
from statehold.formats.native.functions import Functions
from statehold.formats.native.options import Options
from statehold.formats.native.reading import Reading, TooManyProblems, shown
from statehold.formats.native.states import Outline, States
from statehold.formats.native.transitions import Transitions
from statehold.formats.native.types import Types
from statehold.formats.notation import DOCUMENT_LIMIT, NOTHING, Imported, Offered
from statehold.plain.read import read_plain
from statehold.plain.values import Path, TextRefused

#: of the notation, in the document's key ``statehold``
NOTATION = 1
_DOCUMENT = (
    "statehold", "name", "version", "doc", "meta", "data", "events", "effects", "parallel",
    "states", "transitions", "upgrades", "view", "indexes", "silence",
)  # fmt: skip
_EVENT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_EVENT_WORDS = frozenset({"doc", "properties", "required"})
EVENT_LIMIT = 1_000
#: characters of a name that is told with its problems
NAME_SHOWN = 100


def read_native(raw: bytes | str, offered: Offered = NOTHING) -> Imported:
    """Reads a machine in the native notation, JSON or YAML.

    ``offered`` is all that it may name beside its own expressions. Nothing is ever left out: raises
    ``DefinitionError`` with every problem, each with its place and, in YAML, its line.
    """
    try:
        document = read_plain(raw, limit=DOCUMENT_LIMIT)
    except TextRefused as error:
        raise DefinitionError("", [error.problem]) from None
    reading = Reading(document)
    value = document.value
    name = value.get("name") if isinstance(value, dict) else ""
    definition = None
    with contextlib.suppress(TooManyProblems):
        said = reading.mapping(value, (), _DOCUMENT)
        if said:
            definition = _Machine(reading, said, offered).definition()
        elif not reading.problems:
            reading.complain((), "it is empty", "begin with statehold: 1")
    if reading.problems or definition is None:
        known = name[:NAME_SHOWN] if isinstance(name, str) else ""
        raise DefinitionError(known, reading.problems)
    return Imported(definition)


class _Machine:
    def __init__(self, reading: Reading, said: Mapping[str, Any], offered: Offered) -> None:
        self.reading = reading
        self.said = said
        self.offered = offered
        self.types = Types(reading)

    def definition(self) -> Definition[Any]:
        said, reading = self.said, self.reading
        if said.get("statehold") != NOTATION or isinstance(said.get("statehold"), bool):
            reading.complain(
                ("statehold",),
                f"it is {shown(said.get('statehold'))}",
                f"write statehold: {NOTATION}",
            )
        name = reading.text(said.get("name"), ("name",)) or ""
        version = reading.whole(said.get("version", 1), ("version",), 1, VERSION_LIMIT) or 1
        data = self._data()
        fields = Fields()
        fields.add("data", data)
        functions = Functions(reading, fields, self.offered)
        payloads, shapes, events = self._events()
        effects = Effects(reading, functions, self.types, self.offered)
        effects.read(said.get("effects"), ("effects",))
        declared = frozenset(reading.mapping(said.get("effects"), ("effects",)))
        known = Known(events, payloads, declared)
        actions = Actions(reading, functions, known, name)
        outline = Outline(reading, said)
        states = States(outline, actions, functions, self.offered)
        structure = Structure(tuple(states.read()))
        self._find_detached(actions)
        transitions = Transitions(outline, states, actions, functions, effects.results, structure)
        rows = tuple(transitions.read(said.get("transitions")))
        options = Options(reading, functions, outline)
        upgrades = options.upgrades(said.get("upgrades"), version)
        view = options.view(said.get("view"))
        indexes = options.indexes(said.get("indexes"))
        chart = Chart(
            name=name,
            version=version,
            states=structure.states,
            transitions=rows,
            events=shapes,
            data_schema=data.schema,
            doc=reading.text(said.get("doc"), ("doc",)) or "",
            silenced=options.silenced(said.get("silence")),
            meta={"native": self._kept(functions)} | self._meta(),
        )
        self._validate(chart, outline)
        return Definition(
            chart=chart,
            data=Shape(data.annotation),
            events={name: Shape(event) for name, event in events.items()},
            functions=functions.functions,
            effects=effects.effects,
            children=states.children,
            upgrades=upgrades,
            view=view,
            indexes=indexes,
        )

    def _meta(self) -> dict[str, Any]:
        meta = dict(self.reading.mapping(self.said.get("meta"), ("meta",)))
        if "native" in meta:
            self.reading.complain(("meta", "native"), "this word is taken", "choose another one")
        return meta

    def _kept(self, functions: Functions) -> dict[str, Any]:
        """What the chart has no words for, so that the document can be written from it again."""
        kept: dict[str, Any] = {"functions": functions.sources}
        for word in ("effects", "view", "indexes", "upgrades"):
            if self.said.get(word):
                kept[word] = self.said[word]
        return kept

    # --- data and events ---

    def _data(self) -> Typed:
        schema = self.said.get("data")
        if schema is None:
            schema = {"type": "object", "properties": {}}
        elif isinstance(schema, dict) and "type" not in schema:
            schema = {"type": "object", **schema}
        if isinstance(schema, dict) and "properties" not in schema:
            schema = {**schema, "properties": {}}
        typed = self.types.read(schema, ("data",), "Data")
        if isinstance(schema, dict) and schema.get("type") != "object":
            self.reading.complain(("data", "type"), "the data are an object", "write type: object")
        return typed

    def _events(
        self,
    ) -> tuple[dict[str, Typed], tuple[EventShape, ...], dict[str, type[Event]]]:
        payloads: dict[str, Typed] = {}
        events: dict[str, type[Event]] = {}
        shapes: list[EventShape] = []
        for name, said in self.reading.mapping(self.said.get("events"), ("events",)).items():
            path: Path = ("events", name)
            if len(events) >= EVENT_LIMIT:
                self.reading.complain(
                    path, f"there are more than {EVENT_LIMIT} events", "split the machine"
                )
                raise TooManyProblems
            if not _EVENT.fullmatch(name):
                self.reading.complain(
                    path, f"an event can't be called {name!r}", "use letters, digits and _"
                )
                continue
            said = self.reading.mapping(said, path, _EVENT_WORDS)
            doc = self.reading.text(said.get("doc"), (*path, "doc")) or ""
            schema = {"type": "object", "properties": said.get("properties") or {}}
            if "required" in said:
                schema["required"] = said["required"]
            typed = self.types.read(schema, path, name)
            payloads[name] = typed
            events[name] = self.types.event(name, typed, doc, path)
            shapes.append(EventShape(name, typed.schema, doc))
        return payloads, tuple(shapes), events

    def _find_detached(self, actions: Actions) -> None:
        """A transition may await what another one further down asks for."""
        for said in self.reading.mapping(self.said.get("transitions"), ("transitions",)).values():
            if isinstance(said, dict):
                for item, _ in self.reading.several(said.get("do")):
                    effect = item.get("effect") if isinstance(item, dict) else None
                    if isinstance(effect, str):
                        actions.detached.add(effect)

    # --- structure ---

    def _validate(self, chart: Chart, outline: Outline) -> None:
        """What is wrong with the chart as such, told in terms of the document."""
        if self.reading.problems:
            # most of it would come from what was left out
            return
        places: dict[str, Path] = {place_of_state(ROOT): ("states",), "chart": ("name",)}
        for state in outline.states.values():
            places[place_of_state(state.id)] = state.path
        for transition in chart.transitions:
            name = transition.id
            if name not in self.said["transitions"]:
                name = name.partition("[")[0]
            places[place_of_transition(transition.id)] = ("transitions", name)
        for problem in validate(chart):
            path = places.get(problem.place, ())
            hint = problem.hint.replace("initial=True", "initial: true")
            self.reading.problems.append(Problem(self.reading.place(path), problem.message, hint))
