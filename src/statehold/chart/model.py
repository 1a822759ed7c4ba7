"""A chart: states and transitions as plain, frozen data.

Every notation compiles to a :class:`Chart` and nothing downstream knows which one it was. A chart
holds names of functions, never functions, so that it can be stored, compared, drawn and searched
without the code that runs it. ``chart.states`` is in document order, the root first: SCXML's
rules of order all refer to it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

#: the id of the state that holds all others
ROOT = ""

Kind = Literal["atomic", "compound", "parallel", "final", "history"]


class Policy(Struct, frozen=True, omit_defaults=True):
    """Where notations differ on purpose. The defaults are the class notation's.

    ``matching``: ``exact`` compares names and asks ``any`` transitions last; ``token`` is SCXML
    3.12.1, prefixes of dot-separated tokens, document order alone; ``wildcard`` is XState's: exact
    names first, then ``name.*``, the longest first, then ``any``, which takes reserved names too.
    ``nesting``: ``scxml`` is Appendix D; with ``xstate``, a parallel state may be the least common
    ancestor, it and those around it are asked only if no region inside takes the event, and a
    round of immediate transitions that changed neither states, history nor data is the last one.
    ``xstate4`` is the same but for what is exited and entered (:mod:`.interpreter.version4`).
    ``errors``: ``refuse`` drops the step when an action or guard raises; ``event`` queues
    ``error.execution``, ends the block, and takes a failing guard for a no (SCXML 3.12.2).
    ``messages``: under ``durable`` one that nothing takes goes back to its sender, and one that was
    sent for later arrives whatever becomes of its sender meanwhile. ``session`` is SCXML's: what
    nothing takes is discarded (3.13), and what was sent for later ends with its sender (6.2.4).
    """

    matching: Literal["exact", "token", "wildcard"] = "exact"
    errors: Literal["refuse", "event"] = "refuse"
    messages: Literal["durable", "session"] = "durable"
    nesting: Literal["scxml", "xstate", "xstate4"] = "scxml"

    @property
    def own_history_is_now(self) -> bool:
        """What a transition of a state to its own history leads to if the state is not left: True,
        what is active in it now; False, as in SCXML and XState, what was active when it was left
        last."""
        return self.matching == "exact"

    @property
    def cancelling_exits(self) -> bool:
        """Whether a cancelled instance runs the exit actions of its active states, as in SCXML
        (Appendix D, ``exitInterpreter``) and XState 4. XState 5 stops without them."""
        return self.nesting != "xstate"


class Delay(Struct, frozen=True, omit_defaults=True):
    """A constant number of seconds, or the name of a function of the data.

    The function gives a ``timedelta`` or an aware ``datetime``.
    """

    seconds: float | None = None
    function: str | None = None


class Action(Struct, frozen=True, omit_defaults=True):
    """``run``: a function changes the data. ``effect``: an effect is asked for, detached."""

    name: str
    kind: Literal["run", "effect"] = "run"


#: actions that stand or fall together: an error ends the block it occurs in (SCXML 4.9)
Block = tuple[Action, ...]


class Guard(Struct, frozen=True, omit_defaults=True):
    """``function``: a predicate. ``in``: the named state is active. ``by``: the sender's role."""

    name: str
    kind: Literal["function", "in", "by"] = "function"


class Initial(Struct, frozen=True, omit_defaults=True):
    """The default entry of a compound state, or the default of a history state."""

    targets: tuple[str, ...]
    actions: tuple[Block, ...] = ()


class Invoke(Struct, frozen=True, omit_defaults=True):
    """What runs as long as its state is active: an effect, or a child instance.

    ``id`` is unique in the chart; outcomes carry it. ``name`` is the effect's or the machine's.
    ``input`` names a function of the data that gives the child's data. Where the machine is known
    only when it is to be started, ``choice`` names the function that gives its name, and ``name``
    is for readers. ``before`` runs just before the start; an error there, in ``choice`` or in
    ``input`` means that nothing is started.
    """

    id: str
    name: str
    kind: Literal["effect", "machine"] = "effect"
    input: str | None = None
    finalize: Block = ()
    autoforward: bool = False
    choice: str | None = None
    before: Block = ()


class StateNode(Struct, frozen=True, omit_defaults=True):
    """One state. ``initial`` is a compound's default entry or a history's default."""

    id: str
    kind: Kind
    parent: str | None = None
    initial: Initial | None = None
    entry: tuple[Block, ...] = ()
    exit: tuple[Block, ...] = ()
    invokes: tuple[Invoke, ...] = ()
    #: history states only
    deep: bool = False
    #: final states only: the function that gives the output
    output: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    deadline: Delay | None = None
    doc: str = ""
    #: for tools that draw or read the chart; it does not change what the machine does
    meta: dict[str, Any] = {}
    #: for people; empty: made of the id (:mod:`.labels`)
    label: str = ""


class Trigger(Struct, frozen=True, omit_defaults=True):
    """What makes a transition a candidate. ``events`` are the names it is matched against.

    ``always`` has none. ``any`` has none and takes every event that the user declared. The other
    kinds keep their own name so that they can be drawn as what they are.
    """

    kind: Literal["event", "any", "after", "always", "done", "result", "failure", "cancel"]
    events: tuple[str, ...] = ()
    delay: Delay | None = None


class Transition(Struct, frozen=True, omit_defaults=True):
    """``id`` is unique in the chart and, for ``after``, the id of the timer too.

    No targets: targetless. ``internal``: a compound or parallel source whose targets are all its
    descendants is not left. SCXML 3.5 means compound ones only; an importer says so by not setting
    it for others.
    """

    id: str
    source: str
    trigger: Trigger
    targets: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    actions: tuple[Block, ...] = ()
    internal: bool = False
    doc: str = ""
    meta: dict[str, Any] = {}


class EventShape(Struct, frozen=True, omit_defaults=True):
    """An event that the machine's users may send; ``schema`` is the JSON Schema of its fields.

    ``internal``: only other instances may send it, and the program's own code.
    """

    name: str
    schema: dict[str, Any] = {}
    doc: str = ""
    internal: bool = False
    #: for people; empty: made of the name
    label: str = ""


class Silence(Struct, frozen=True, omit_defaults=True):
    """A finding of the static checks that is meant to be so: its code, where, and why.

    ``place`` is the id of a state or a transition, or the name of an event or of a field of the
    data; empty: the whole chart.
    """

    code: str
    reason: str
    place: str = ""


_POLICY = Policy()


class Chart(Struct, frozen=True, omit_defaults=True):
    """The structure of one version of a machine.

    ``states[0]`` is the root, of kind ``compound`` or ``parallel``; ``transitions`` are in
    document order too. A chart from outside is to be given to :func:`.validate.validate` first.
    """

    name: str
    version: int
    states: tuple[StateNode, ...]
    transitions: tuple[Transition, ...] = ()
    events: tuple[EventShape, ...] = ()
    data_schema: dict[str, Any] = {}
    policy: Policy = _POLICY
    doc: str = ""
    silenced: tuple[Silence, ...] = ()
    meta: dict[str, Any] = {}
    #: for people; empty: made of the name
    label: str = ""
    #: the function that makes the data of what a start takes; None: a start takes the data
    input: str | None = None
    #: of what a start takes, where ``input`` makes the data of it
    input_schema: dict[str, Any] = {}

    @property
    def start_schema(self) -> dict[str, Any]:
        """The JSON Schema of what a start takes."""
        return self.data_schema if self.input is None else self.input_schema

    def to_json(self) -> bytes:
        """The stored form: canonical, so equal charts give equal bytes."""
        # only the very object that is the default is left out
        plain = self.policy == _POLICY and self.policy is not _POLICY
        chart = msgspec.structs.replace(self, policy=_POLICY) if plain else self
        return msgspec.json.encode(chart, order="sorted")

    @classmethod
    def from_json(cls, raw: bytes) -> Chart:
        """Raises ``msgspec.ValidationError`` where the bytes are not a chart."""
        try:
            return msgspec.json.decode(raw, type=cls)
        except RecursionError:
            # ``meta`` and schemas are of any shape, and so of any depth
            raise msgspec.ValidationError("it is nested too deeply to be read") from None
