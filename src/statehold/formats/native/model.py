"""The native document as one model: what may be written where.

It is the source of the JSON Schema that ``statehold schema`` prints, of the checks of a document's
shape, and of the descriptions in both. Names and expressions are checked afterwards, when the
document is compiled to a chart.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, StrictStr, Tag, WithJsonSchema

from statehold.chart.validate import NAME_PATTERN, VERSION_LIMIT
from statehold.define.options import INDEX_LIMIT, VIEW_LIMIT
from statehold.formats.native.access_specs import AccessSpec, Senders
from statehold.formats.native.action_specs import Action, FunctionSpec, Given, Guard
from statehold.formats.native.data_specs import AnySchema, EventSpec, InputSpec, SchemaSpec
from statehold.formats.native.effect_specs import EffectSpec
from statehold.formats.native.part import Part, tag_of
from statehold.formats.native.problems import shown
from statehold.formats.native.shapes import (
    EventName,
    Expression,
    Flag,
    IndexName,
    Label,
    Name,
    NotNull,
    OnlyTrue,
    OrEmpty,
    OrFalsy,
    Paths,
    Several,
    StateName,
    TransitionName,
    Value,
    Whole,
    Words,
    problem,
)

#: of the notation, in the document's key ``statehold``
NOTATION = 1
UPGRADE_LIMIT = 1_000


def _input_tag(value: Any) -> str:
    if not isinstance(value, dict):
        return "<value>" if isinstance(value, str) else "<mapping>"
    return "<function>" if set(value) == {"function"} else "<mapping>"


def _effect_of(value: Any) -> Any:
    return {"effect": value} if isinstance(value, str) else value


class InvokeSpec(Part):
    """An effect or a machine that lives as long as the state is active; a text names an effect."""

    effect: Annotated[Name | None, NotNull()] = None
    """The name of an effect of this document."""
    machine: Annotated[Name | None, NotNull()] = None
    """The name of a machine that the server offers."""
    id: StrictStr | None = None
    """The id of the invoke; the state and the name if left out."""
    input: Annotated[
        Annotated[Expression, Tag("<value>")]
        | Annotated[FunctionSpec, Tag("<function>")]
        | Annotated[OrEmpty[dict[str, Value]], Tag("<mapping>")],
        Discriminator(_input_tag),
    ] = ""
    """The data that the machine begins with: CEL that gives a map, or a mapping of CEL."""


Invoked: TypeAlias = Annotated[
    InvokeSpec, BeforeValidator(_effect_of, json_schema_input_type=Name | InvokeSpec)
]


class StateSpec(Part):
    """A state, with the states inside it."""

    initial: Flag = False
    """The state that is entered with its parent."""
    final: Flag = False
    """The end of its parent."""
    history: OrFalsy[Literal["shallow", "deep"]] = None
    """Makes it a history state, which remembers the states of its parent that were active."""
    default: Paths = Field(default_factory=list)
    """Of a history state: the states it leads to while nothing is remembered."""
    parallel: Flag = False
    """All states inside are active together."""
    states: OrEmpty[dict[StateName, OrEmpty[StateSpec]]] = Field(default_factory=dict)
    """The states inside, by name, in order."""
    entry: Several[Action] = Field(default_factory=list)
    """Actions when it is entered."""
    exit: Several[Action] = Field(default_factory=list)
    """Actions when it is left."""
    invoke: Several[Invoked] = Field(default_factory=list)
    """Effects and machines that live as long as it is active."""
    owner: StrictStr | None = None
    """The role that has to act while it is active."""
    tags: Words = Field(default_factory=list)
    """Words to find instances by."""
    deadline: Given | None = None
    """Until when its owner should have acted."""
    output: Annotated[Given | None, NotNull()] = None
    """Of a final state: the output of its parent."""
    doc: StrictStr | None = None
    """What it is, for people."""
    label: Label | None = None
    """What people read in place of its name; its name in words if left out."""
    meta: OrEmpty[dict[str, Any]] = Field(default_factory=dict)
    """Anything, for others."""
    use: Annotated[StrictStr | None, NotNull()] = None
    """A template, whose states and transitions it has."""
    with_: OrEmpty[dict[str, Any]] = Field(default_factory=dict, alias="with")
    """Of a use: the values of the template's parameters."""
    data: StrictStr | None = None
    """Of a use: the field that its expressions and effects see in place of the data."""


# --- templates ---


class ParameterSpec(Part):
    """A parameter of a template."""

    default: Any = None
    """Its value where a use gives none; without it, each use has to give one."""
    doc: StrictStr | None = None
    """What it is, for people."""


class TemplateSpec(Part):
    """A state that is used more than once: keys of a state, where `$name` stands for a parameter.

    Its states and transitions name each other by paths that begin at the use."""

    parameters: OrEmpty[list[Name] | dict[str, OrEmpty[ParameterSpec]]] = Field(
        default_factory=list
    )
    """Names, or names with their defaults."""
    doc: Any = None
    """What it is, for people."""
    parallel: Any = None
    """All states inside are active together."""
    states: OrEmpty[dict[StateName, Any]] = Field(default_factory=dict)
    """The states inside, by name, in order; they may be uses of other templates."""
    transitions: OrEmpty[dict[TransitionName, Any]] = Field(default_factory=dict)
    """Transitions between them; without `from`, one starts from the use itself."""
    entry: Any = None
    """Actions when it is entered."""
    exit: Any = None
    """Actions when it is left."""
    invoke: Any = None
    """Effects and machines that live as long as it is active."""
    owner: Any = None
    """The role that has to act while it is active."""
    tags: Any = None
    """Words to find instances by."""
    deadline: Any = None
    """Until when its owner should have acted."""
    label: Any = None
    """What people read in place of its name."""
    meta: Any = None
    """Anything, for others."""


# --- transitions ---


class TransitionSpec(Part):
    """A transition, with one trigger: on, after, always, on_done, on_result, on_failure or
    on_cancel."""

    on: Words = Field(default_factory=list)
    """One event or several; `"*"` for any."""
    after: Annotated[Given | None, NotNull()] = None
    """After this time in its source, or at this moment."""
    always: Annotated[OnlyTrue | None, NotNull()] = None
    """As soon as its guards hold, without an event."""
    on_done: Annotated[OnlyTrue | None, NotNull()] = None
    """When the states inside its source have reached their end; from a final state: by that one."""
    on_result: Annotated[Name | None, NotNull()] = None
    """When this effect or machine has a result; or the id of an invoke, for that one alone."""
    into: Annotated[Name | None, NotNull()] = None
    """Of on_result: the field of the data that the result becomes, before the actions."""
    on_failure: Annotated[Name | None, NotNull()] = None
    """When this effect or machine has failed; or the id of an invoke, for that one alone."""
    on_cancel: Annotated[OnlyTrue | None, NotNull()] = None
    """When the instance is cancelled; it then goes on until it ends by itself."""
    from_: Paths = Field(default_factory=list, alias="from")
    """The states that it starts from; any state if left out."""
    to: Paths = Field(default_factory=list)
    """The states that it leads to; none if left out."""
    when: Several[Guard] = Field(default_factory=list)
    """Guards, which all have to hold."""
    do: Several[Action] = Field(default_factory=list)
    """Actions."""
    by: Senders = Field(default_factory=list)
    """Roles, or `{machine: name}` for what its instances send; the sender has to be one of them."""
    reenter: Flag = False
    """Its source is left and entered again, though the target is the source or inside it."""
    doc: StrictStr | None = None
    """What it is, for people."""
    meta: OrEmpty[dict[str, Any]] = Field(default_factory=dict)
    """Anything, for others."""


TRIGGERS = ("on", "after", "always", "on_done", "on_result", "on_failure", "on_cancel")

# --- the rest ---


def _upgrade_tag(value: Any) -> str:
    return "<value>" if isinstance(value, str) else "<mapping>"


class UpgradeSpec(Part):
    """How instances of an earlier version become instances of this one."""

    from_: Annotated[int, Whole(1, VERSION_LIMIT)] = Field(alias="from")
    """The earlier version."""
    states: OrEmpty[dict[str, Paths]] = Field(default_factory=dict)
    """States that have another path now."""
    effects: OrEmpty[dict[str, StrictStr | None]] = Field(default_factory=dict)
    """Effects that have another name now; null drops one."""
    timers: OrEmpty[dict[str, StrictStr | None]] = Field(default_factory=dict)
    """Transitions with `after` that have another name now; null drops one."""
    data: Annotated[
        Annotated[Expression, Tag("<value>")]
        | Annotated[OrEmpty[dict[str, Value]], Tag("<mapping>")],
        Discriminator(_upgrade_tag),
    ] = ""
    """New fields, in CEL over `old`; or one expression that gives all of the data."""


class SilenceSpec(Part):
    """A finding of the checks that is accepted."""

    code: Name
    """The finding's code."""
    reason: Name
    """Why it is accepted."""
    place: StrictStr | None = None
    """Where; everywhere if left out."""


def _index_tag(value: Any) -> str:
    return "<names>" if isinstance(value, list) else "<mapping>"


def _notation(value: Any) -> Any:
    if value != NOTATION or isinstance(value, bool):
        raise problem(f"it is {shown(value)}", f"write statehold: {NOTATION}")
    return value


Notation: TypeAlias = Annotated[
    Any, BeforeValidator(_notation), WithJsonSchema({"const": NOTATION})
]
#: what instances are found by: fields of the data, or names and CEL
Indexes: TypeAlias = Annotated[
    Annotated[Several[IndexName | None], Field(max_length=INDEX_LIMIT), Tag("<names>")]
    | Annotated[
        OrEmpty[Annotated[dict[IndexName, Expression], Field(max_length=INDEX_LIMIT)]],
        Tag("<mapping>"),
    ],
    Discriminator(_index_tag),
]


#: CEL, or names and CEL
View: TypeAlias = Annotated[
    Annotated[Expression, Tag("<value>")] | Annotated[dict[str, Expression], Tag("<mapping>")],
    Discriminator(tag_of),
]


class MachineSpec(Part):
    """A machine in Statehold's native notation."""

    statehold: Annotated[Any, BeforeValidator(_notation), WithJsonSchema({"const": NOTATION})] = (
        None
    )
    """The notation's version."""
    name: Annotated[
        StrictStr | None,
        WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN.pattern}$"}),
    ] = None
    """The machine's name."""
    version: Annotated[int, Whole(1, VERSION_LIMIT)] | None = None
    """The machine's version, 1 if left out."""
    doc: StrictStr | None = None
    """What the machine is for, for people."""
    label: Label | None = None
    """What people read in place of its name; its name in words if left out."""
    meta: OrEmpty[dict[str, Any]] = Field(default_factory=dict)
    """Anything, for others."""
    data: AnySchema = Field(default_factory=SchemaSpec)
    """The type of an instance's data, an object."""
    input: InputSpec | None = None
    """What a start takes in place of the data, if that is something else."""
    events: OrEmpty[dict[EventName, OrEmpty[EventSpec]]] = Field(default_factory=dict)
    """The events that the machine accepts, by name."""
    effects: OrEmpty[dict[str, OrEmpty[EffectSpec]]] = Field(default_factory=dict)
    """Work outside, by name."""
    templates: OrEmpty[dict[str, TemplateSpec]] = Field(default_factory=dict)
    """States that are used more than once, by name."""
    parallel: Flag = False
    """All of the outermost states are active together."""
    states: OrEmpty[dict[StateName, OrEmpty[StateSpec]]] = Field(default_factory=dict)
    """The outermost states, by name, in order."""
    transitions: OrEmpty[dict[TransitionName, OrEmpty[TransitionSpec]]] = Field(
        default_factory=dict
    )
    """The transitions, by name; of several that could be taken, the first in order is."""
    do: Several[Action] = Field(default_factory=list)
    """Actions of every transition, after its own."""
    upgrades: Annotated[Several[OrEmpty[UpgradeSpec]], Field(max_length=UPGRADE_LIMIT)] = Field(
        default_factory=list
    )
    """How instances of earlier versions become instances of this one."""
    access: AccessSpec | None = None
    """Who may do what."""
    view: View | None = None
    """What readers see of the data: CEL, or names and CEL; the data if left out."""
    views: OrEmpty[Annotated[dict[Name, View], Field(max_length=VIEW_LIMIT)]] = Field(
        default_factory=dict
    )
    """What readers with a role see instead, by role; of several roles, the first one counts."""
    indexes: Indexes = Field(default_factory=dict)
    """What instances are found by: names of fields, or names and CEL."""
    silence: Several[OrEmpty[SilenceSpec]] = Field(default_factory=list)
    """Findings of the checks that are accepted."""
