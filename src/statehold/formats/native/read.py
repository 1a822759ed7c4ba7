"""Reads a native document as a machine; all of its problems are reported at once."""

from __future__ import annotations

import contextlib
from itertools import chain
from typing import Any

from statehold.chart.asking import unfit
from statehold.chart.event import Event
from statehold.chart.machine import Definition
from statehold.chart.model import ROOT, Chart, EventShape
from statehold.chart.normalise import Structure
from statehold.chart.validate import place_of_state, place_of_transition, validate
from statehold.chart.values import Shape
from statehold.errors import DefinitionError, Problem
from statehold.formats.native.access import read_access
from statehold.formats.native.action_specs import StartSpec
from statehold.formats.native.actions import Actions, DeclaredNames
from statehold.formats.native.data_specs import NO_SCHEMA
from statehold.formats.native.effects import Effects
from statehold.formats.native.fields import Fields, Typed
from statehold.formats.native.functions import Functions
from statehold.formats.native.input import read_input
from statehold.formats.native.model import NOTATION, MachineSpec
from statehold.formats.native.options import Options
from statehold.formats.native.problems import Problems, TooManyProblems
from statehold.formats.native.shape_check import checked
from statehold.formats.native.states import States, StateTree
from statehold.formats.native.templates import expanded
from statehold.formats.native.transitions import Transitions
from statehold.formats.native.types import Types
from statehold.formats.notation import DOCUMENT_LIMIT, NOTHING, Imported, Offered
from statehold.plain.read import read_plain
from statehold.plain.values import Path, TextRefused

EVENT_LIMIT = 1_000
#: characters of a machine's name in the error about its document
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
    problems = Problems(document)
    value = document.value
    name = value.get("name") if isinstance(value, dict) else ""
    definition = None
    with contextlib.suppress(TooManyProblems):
        if value is None or value == {}:
            problems.add((), "it is empty", f"begin with statehold: {NOTATION}")
        else:
            problems = expanded(problems)
            definition = _Machine(problems, checked(problems), offered).definition()
    if problems.found or definition is None:
        known = name[:NAME_SHOWN] if isinstance(name, str) else ""
        raise DefinitionError(known, problems.found)
    return Imported(definition)


class _Machine:
    def __init__(self, problems: Problems, spec: MachineSpec, offered: Offered) -> None:
        self.problems = problems
        self.spec = spec
        self.offered = offered
        self.types = Types(problems)

    def definition(self) -> Definition[Any]:
        spec, problems = self.spec, self.problems
        if "statehold" not in spec.model_fields_set:
            problems.add(("statehold",), "it is missing", f"write statehold: {NOTATION}")
        name, version = spec.name or "", spec.version or 1
        data = self._data()
        fields = Fields()
        fields.add("data", data)
        functions = Functions(problems, fields, self.offered)
        taken = read_input(spec.input, problems, self.types, functions)
        payloads, shapes, events = self._events()
        effects = Effects(problems, functions, self.types, self.offered)
        effects.read(spec.effects)
        actions = Actions(
            problems, functions, DeclaredNames(events, payloads, frozenset(spec.effects)), name
        )
        tree = StateTree(problems, spec)
        states = States(tree, actions, functions, self.offered)
        structure = Structure(tuple(states.read()))
        self._find_detached(actions)
        transitions = Transitions(tree, states, actions, functions, effects.results, structure)
        rows = tuple(transitions.read(spec.transitions, spec.do))
        options = Options(problems, functions, tree)
        upgrades = options.upgrades(spec.upgrades, version)
        view = options.view(spec.view)
        views = options.views(spec.views)
        indexes = options.indexes(spec.indexes)
        access = read_access(spec.access, functions, problems, indexes)
        chart = Chart(
            name=name,
            version=version,
            states=structure.states,
            transitions=rows,
            events=shapes,
            data_schema=data.schema,
            input=None if taken is None else taken.name,
            input_schema={} if taken is None else taken.schema,
            doc=spec.doc or "",
            label=spec.label or "",
            silenced=options.silenced(spec.silence),
            meta={"native": self._kept(functions)} | self._meta(),
        )
        self._validate(chart, tree)
        if not self.problems.found:
            for place, effect, why in unfit(chart, effects.effects, events):
                message = f"what is offered {why}, {place}"
                self.problems.add(("effects", effect), message, "ask for it where it fits")
        return Definition(
            chart=chart,
            data=Shape(data.annotation),
            maker=None if taken is None else taken.maker,
            events={name: Shape(event) for name, event in events.items()},
            functions=functions.functions,
            effects=effects.effects,
            children=states.children,
            upgrades=upgrades,
            access=access,
            view=view,
            views=views,
            indexes=indexes,
        )

    def _meta(self) -> dict[str, Any]:
        if "native" in self.spec.meta:
            self.problems.add(("meta", "native"), "this word is taken", "choose another one")
        return self.spec.meta

    def _kept(self, functions: Functions) -> dict[str, Any]:
        """What the chart has no field for, so that the document can be written from it again."""
        kept: dict[str, Any] = {"functions": functions.sources}
        for word in ("do", "input", "effects", "access", "view", "views", "indexes", "upgrades"):
            written = self.problems.at((word,))
            if written:
                kept[word] = written
        return kept

    # --- data and events ---

    def _data(self) -> Typed:
        """An object; the type may be left out, and so may its properties."""
        spec, written = self.spec.data, self.problems.at(("data",))
        if written is None:
            written = {}
        if isinstance(written, dict):
            if "type" not in written:
                written = {"type": "object", **written}
                spec = spec.with_type("object")
            if "properties" not in written:
                written = {**written, "properties": {}}
                spec = spec.model_copy(update={"properties": {}})
            if written["type"] != "object":
                self.problems.add(("data", "type"), "the data are an object", "write type: object")
        return self.types.read(spec, written, ("data",), "Data")

    def _events(
        self,
    ) -> tuple[dict[str, Typed], tuple[EventShape, ...], dict[str, type[Event]]]:
        payloads: dict[str, Typed] = {}
        events: dict[str, type[Event]] = {}
        shapes: list[EventShape] = []
        for name, event in self.spec.events.items():
            path: Path = ("events", name)
            if len(events) >= EVENT_LIMIT:
                self.problems.add(
                    path, f"there are more than {EVENT_LIMIT} events", "split the machine"
                )
                raise TooManyProblems
            doc = event.doc or ""
            written = {
                "type": "object",
                "properties": self.problems.at((*path, "properties")) or {},
            }
            if "required" in event.model_fields_set:
                written["required"] = self.problems.at((*path, "required"))
            schema = NO_SCHEMA.model_copy(
                update={
                    "type": ["object"],
                    "properties": event.properties or {},
                    "required": event.required,
                }
            )
            typed = self.types.read(schema, written, path, name)
            payloads[name] = typed
            events[name] = self.types.event(name, typed, doc, path, internal=event.internal)
            shapes.append(EventShape(name, typed.schema, doc, event.internal, event.label or ""))
        return payloads, tuple(shapes), events

    def _find_detached(self, actions: Actions) -> None:
        """A transition may wait for an effect that a later one starts."""
        everything = [self.spec.do, *(row.do for row in self.spec.transitions.values())]
        for action in chain.from_iterable(everything):
            if isinstance(action, StartSpec):
                actions.detached.add(action.effect)

    # --- structure ---

    def _validate(self, chart: Chart, tree: StateTree) -> None:
        """The problems of the chart as such, in terms of the document."""
        if self.problems.found:
            # most of it would come from what was left out
            return
        places: dict[str, Path] = {place_of_state(ROOT): ("states",), "chart": ("name",)}
        places |= {f"event {name}": ("events", name) for name in self.spec.events}
        for state in tree.states.values():
            places[place_of_state(state.id)] = state.path
        for transition in chart.transitions:
            name = transition.id
            if name not in self.spec.transitions:
                name = name.partition("[")[0]
            places[place_of_transition(transition.id)] = ("transitions", name)
        for problem in validate(chart):
            path = places.get(problem.place, ())
            hint = problem.hint.replace("initial=True", "initial: true")
            self.problems.found.append(Problem(self.problems.place(path), problem.message, hint))
