"""Compiles a machine's class to its definition; collects every mistake before it raises."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

import pydantic

from statehold.chart.access import UNSTATED, Access
from statehold.chart.asking import unfit
from statehold.chart.event import Event
from statehold.chart.machine import Definition
from statehold.chart.model import (
    ROOT,
    Action,
    Block,
    Chart,
    EventShape,
    Guard,
    Initial,
    Policy,
    StateNode,
    Transition,
)
from statehold.chart.normalise import Structure
from statehold.chart.validate import place_of_state, place_of_transition, validate
from statehold.chart.values import Shape
from statehold.define.access import by_fault, read_access
from statehold.define.binding import Binder
from statehold.define.declarations import Declarations, NamedRule, NamedState
from statehold.define.function import UNKNOWN, name_of, returned_type
from statehold.define.input import read_input
from statehold.define.options import read_indexes, read_upgrades, read_view, read_views
from statehold.define.paths import StatePaths
from statehold.define.rule import Rule, several
from statehold.define.silences import read_silences
from statehold.define.source_line import caller
from statehold.define.state import Active, docstring, is_node
from statehold.define.trigger import Triggers, machine_of
from statehold.define.type_parameters import (
    NamedEvents,
    Parameters,
    output_problems,
    parameters_of,
)
from statehold.errors import DefinitionError, Problem


def compile_machine(machine: type, name: str, version: int, label: str = "") -> Definition[Any]:
    """Raises ``DefinitionError`` with every problem, in the order: states, rules, options."""
    return _Compiler(machine, name, version, label).definition()


class _Compiler:
    def __init__(self, machine: type, name: str, version: int, label: str) -> None:
        self.machine = machine
        self.label = label
        self.name = name
        self.version = version
        self.place = f"{machine.__name__} ({caller()})"
        self.declarations = Declarations(machine)
        self.by_id = {named.id: named for named in self.declarations.states}
        self.parameters = parameters_of(machine)
        data, problems = _data_type(machine, self.parameters, self.place)
        self.shape, more = _shape(data, self.place)
        self.shapes: dict[str, Shape[Event]] = {}
        self.binder = Binder(data)
        self.binder.problems += [*self.declarations.problems, *problems, *more]
        self.complain = self.binder.complain
        self.paths = StatePaths(self.declarations, self.complain)
        self._narrow(data)

    def definition(self) -> Definition[Any]:
        structure = Structure(tuple(self._states()))
        triggers = Triggers(self.declarations, self.binder, structure)
        transitions = tuple(self._transitions(triggers, structure))
        events = self._named_events(triggers)
        options = vars(self.machine)
        taken = read_input(
            options.get("input"), self.parameters, self.declarations, self.binder, self.place
        )
        chart = Chart(
            name=self.name,
            version=self.version,
            states=structure.states,
            transitions=transitions,
            events=tuple(self._event_shapes(events)),
            data_schema=self._schema(self.shape, "the data"),
            input=None if taken is None else taken.name,
            input_schema={} if taken is None else self._schema(taken.maker.input, "the input"),
            doc=docstring(self.machine),
            silenced=read_silences(options.get("silences", ()), self.declarations, self.binder),
            label=self.label,
        )
        binder = self.binder
        self._lost(self.shape, "the data")
        if taken is not None:
            self._lost(taken.maker.input, "the input")
        for name, shape in self.shapes.items():
            self._lost(shape, f"event {name}")
        for name, effect in binder.effects.items():
            self._lost(self._result(effect.result_type), f"the result of {name}")
        indexes = read_indexes(options.get("indexes", ()), self.declarations, binder)
        definition: Definition[Any] = Definition(
            chart=chart,
            data=self.shape,
            events=self.shapes,
            maker=None if taken is None else taken.maker,
            functions=binder.functions,
            effects=binder.effects,
            children=binder.children,
            results=binder.results,
            child_outputs=binder.child_outputs(self.place),
            output_type=self._output_type(),
            upgrades=read_upgrades(
                options.get("upgrades", ()), self.declarations, self.version, binder
            ),
            access=self._access(options.get("access"), indexes),
            view=read_view(options.get("view"), self.declarations, binder),
            views=read_views(options.get("views"), self.declarations, binder),
            indexes=indexes,
        )
        problems = list(dict.fromkeys((*binder.problems, *self._structural(chart))))
        if not problems:
            problems += self._unfit_effects(chart, binder.effects)
        if problems:
            raise DefinitionError(self.name or self.machine.__name__, problems)
        return definition

    def _named_events(self, triggers: Triggers) -> dict[str, type[Event]]:
        """The events of the rules, and those that the class names beside them."""
        of_rules, any_event = triggers.of_rules()
        named = NamedEvents(self.parameters, of_rules, any_event=any_event)
        self.binder.problems += named.problems(self.place)
        return {**triggers.events, **named.further()}

    def _narrow(self, data: Any) -> None:
        """Finds what the functions of each use see; those around come before those inside."""
        for named in self.declarations.states:
            use = named.declared.use
            if use is not None and use.narrowing is not None:
                for fault in use.narrowing.resolve(data):
                    self.complain(named.place, *fault)

    def _access(self, value: Any, indexes: Mapping[str, Any]) -> Access:
        if is_node(value):
            # a state of that name, which is reported as such
            return UNSTATED
        return read_access(value, indexes, self.complain, self.declarations.place_of("access"))

    def _output_type(self) -> Any:
        """The type of all outputs of final states at the top: what the class says, or what their
        functions are annotated with; None if it is not known."""
        outputs: dict[str, Any] = {}
        for named in self.declarations.states:
            output = named.declared.output
            if named.parent or named.declared.kind != "final":
                continue
            if output is None:
                outputs[named.id] = type(None)
            elif callable(output):
                outputs[named.id] = returned_type(output)
        self.binder.problems += output_problems(self.parameters, outputs, self.place)
        if self.parameters.output is not UNKNOWN:
            return self.parameters.output
        types = tuple(outputs.values())
        if not types or any(type_ in (UNKNOWN, Any) for type_ in types):
            return None
        return typing.Union[types]  # noqa: UP007 - known at run time only

    def _structural(self, chart: Chart) -> list[Problem]:
        """Problems of the chart, with the places in the class that they come from."""
        places = self._places(chart)
        return [Problem(places.get(p.place, p.place), p.message, p.hint) for p in validate(chart)]

    def _places(self, chart: Chart) -> dict[str, str]:
        places = {place_of_state(ROOT): self.place, "chart": self.place}
        for named in self.declarations.states:
            places[place_of_state(named.id)] = named.place
        for rule in self.declarations.rules:
            for transition in chart.transitions:
                if transition.id == rule.id or transition.id.startswith(f"{rule.id}["):
                    places[place_of_transition(transition.id)] = rule.place
        return places

    def _unfit_effects(self, chart: Chart, effects: Mapping[str, Any]) -> list[Problem]:
        """Effects that take another event than the one that asks for them."""
        places = self._places(chart)
        types = {name: shape.type for name, shape in self.shapes.items()}
        return [
            Problem(
                places.get(place_of_transition(place), places.get(place_of_state(place), place)),
                f"effect {name} {why}",
                "annotate it with all that asks for it, and None where no event of a caller does",
            )
            for place, name, why in unfit(chart, effects, types)
        ]

    # --- states ---

    def _states(self) -> typing.Iterator[StateNode]:
        yield StateNode(ROOT, "compound", None, self._initial(ROOT))
        for named in self.declarations.states:
            yield self._state(named)

    def _state(self, named: NamedState) -> StateNode:
        said, place, binder = named.declared, named.place, self.binder
        if said.initial and named.parent and self.by_id[named.parent].declared.kind == "parallel":
            self.complain(
                place,
                "is called initial, but every child of a parallel state is entered",
                "leave initial out",
            )
        initial = None
        if said.kind == "compound":
            initial = self._initial(named.id)
        elif said.kind == "history" and said.default is not None:
            ids = self.paths.of(several(said.default), place)
            initial = Initial(ids) if ids else None
        output = said.output
        return StateNode(
            id=named.id,
            kind=said.kind,
            parent=named.parent,
            initial=initial,
            entry=binder.block(said.entry, "entry action", place),
            exit=binder.block(said.exit, "exit action", place),
            invokes=binder.invokes(said.invoke, named.id, place),
            deep=said.deep,
            output=None if output is None else binder.function(output, "output", place),
            owner=said.owner,
            tags=several(said.tags),
            deadline=None
            if said.deadline is None
            else binder.delay(said.deadline, "deadline", place),
            doc=said.doc,
            label=said.label,
        )

    def _initial(self, parent: str) -> Initial | None:
        marked = [n for n in self.declarations.states if n.parent == parent and n.declared.initial]
        for surplus in marked[1:]:
            self.complain(
                surplus.place,
                f"is the second initial state of its parent, after {marked[0].id}",
                "leave initial=True to one of them",
            )
        return Initial((marked[0].id,)) if marked else None

    # --- transitions ---

    def _transitions(self, triggers: Triggers, structure: Structure) -> typing.Iterator[Transition]:
        for named in self.declarations.rules:
            rule = named.rule
            sources = self.paths.of(
                rule.arrow.sources, named.place, named.holder, body=named.holder
            )
            targets = self.paths.of(rule.arrow.targets(), named.place, body=named.holder)
            if sources is None or targets is None:
                continue
            event = triggers.event_type(named)
            guards = tuple(self._guards(named, event))
            actions = self._actions(named, event, triggers.value_type(rule.subject))
            for written in sources:
                id = named.id
                if len(sources) > 1:
                    inside = f"{named.holder}."
                    id += f"[{written.removeprefix(inside) if named.holder else written}]"
                source, ended = self._ends(rule, written)
                trigger = triggers.of(named, source, id)
                if trigger is None:
                    continue
                onward, internal = targets, False
                if not rule.reenter and source != ROOT:
                    onward, internal = structure.inward(source, targets, Policy())
                yield Transition(
                    id=id,
                    source=source,
                    trigger=trigger,
                    targets=onward,
                    guards=(*ended, *guards),
                    actions=actions,
                    internal=internal,
                    doc=rule.doc,
                )

    def _ends(self, rule: Rule, source: str) -> tuple[str, tuple[Guard, ...]]:
        """Where it starts, and what it asks first: from a final state, ``on_done`` is the end of
        the state around it, by this one."""
        if rule.kind != "done" or self.declarations.kind_of(source) != "final":
            return source, ()
        return self.by_id[source].parent, (Guard(source, "in"),)

    def _actions(self, named: NamedRule, event: Any, result: Any) -> tuple[Block, ...]:
        """Its own, and those of every transition, in one block."""
        rule, binder = named.rule, self.binder
        given: list[Action] = []
        child = machine_of(rule.subject)
        if rule.kind == "result" and child is not None:
            binder.output_of(child, (*rule.when, *rule.do), named.place)
        if rule.into is not None:
            part = self.declarations.narrowing_of(named.holder)
            name = binder.into(rule.into, result, child, named.place, part)
            given += [Action(name)] if name else []
        always = self.declarations.always_do
        blocks = (
            *binder.block(rule.do, "action", named.place, event),
            *binder.block(always, "action", self.declarations.place_of("do"), event),
        )
        actions = (*given, *(action for block in blocks for action in block))
        return (actions,) if actions else ()

    def _guards(self, named: NamedRule, event: Any) -> typing.Iterator[Guard]:
        for item in named.rule.when:
            if isinstance(item, Active):
                ids = self.paths.of((item.node,), named.place, body=named.holder)
                if ids:
                    yield Guard(ids[0], "in")
            elif name := self.binder.function(item, "guard", named.place, event):
                yield Guard(name)
        roles = named.rule.by
        for role in roles:
            if (fault := by_fault(role)) is not None:
                self.complain(named.place, *fault)
        if roles:
            # last, so that a refusal can say that only the role prevented the transition
            yield Guard(",".join(map(str, roles)), "by")

    # --- types ---

    def _event_shapes(self, events: Mapping[str, type[Event]]) -> typing.Iterator[EventShape]:
        for name, event in events.items():
            shape = self.shapes[name] = Shape(event)
            schema = self._schema(shape, f"event {name}")
            yield EventShape(name, schema, docstring(event), event.__internal__, event.__label__)

    def _lost(self, shape: Shape[Any], what: str) -> None:
        """Notes the fields whose type alone shows that they are not read back from the store."""
        for place, (why, hint) in shape.problems.items():
            self.complain(self.place, f"{what}: {place or 'all of it'} {why}", hint)

    def _result(self, type_: Any) -> Shape[Any]:
        try:
            return Shape(Any if type_ is None else type_)
        except pydantic.PydanticUserError:
            # each result is refused with the reason
            return Shape(Any)

    def _schema(self, shape: Shape[Any], what: str) -> dict[str, Any]:
        try:
            return shape.schema()
        except pydantic.PydanticUserError as error:
            self.complain(
                self.place,
                f"{what} has no JSON form: {_first_line(error)}",
                "use types that pydantic can write as JSON",
            )
            return {}


def _data_type(machine: type, given: Parameters, place: str) -> tuple[Any, list[Problem]]:
    if given.data is not UNKNOWN:
        return given.data, []
    inherited = getattr(machine, "definition", None)
    if isinstance(inherited, Definition):
        return inherited.data.type, []
    hint = "write class Name(Machine[Data], ...); Machine[None] for none"
    return UNKNOWN, [Problem(place, "the type of its data is not given", hint)]


def _shape(data: Any, place: str) -> tuple[Shape[Any], list[Problem]]:
    if data is UNKNOWN:
        return Shape(Any), []
    try:
        return Shape(data), []
    except (pydantic.PydanticUserError, pydantic.PydanticUndefinedAnnotation) as error:
        problem = Problem(
            place,
            f"pydantic can't use the data type {name_of(data)}: {_first_line(error)}",
            "use a pydantic model, a dataclass, or plain types",
        )
        return Shape(Any), [problem]


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
