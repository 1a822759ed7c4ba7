"""Lazy determinisation: what an event does in a configuration is computed once and kept.

1. A :class:`Configuration` is interned: one object for each set of active states of a machine.
2. For each event name it keeps a decision tree of :class:`DecisionNode`: inner nodes ask a guard,
   leaves hold the :class:`.Plan` of the transitions that these answers choose. Nodes are made when
   they are first reached.
3. A plan depends on nothing but the chart, the configuration, the answers and, where a transition
   goes to a history state, on what that remembers: then a node of its own stands before the tree.
4. Everything is bounded by ``VARIANT_LIMIT``, ``CONFIGURATION_LIMIT`` and ``NODE_LIMIT``, as guards
   can be answered in more ways than there is memory: a full cache is emptied, which costs time and
   changes nothing, since all of it can be computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

from statehold.chart.event import AnEvent, Event
from statehold.chart.model import Guard, Transition
from statehold.interpreter.plan import Call, Plan, Planned, plan_beginning, plan_transitions
from statehold.interpreter.selection import History, heard, is_reserved, select
from statehold.interpreter.tables import Tables
from statehold.interpreter.trace import Microstep

#: interned configurations of one program; of many states, one counts for more
CONFIGURATION_LIMIT = 10_000
STATES_OF_ONE = 20
#: nodes of the decision trees of one program, which are about a kilobyte each; one that holds more
#: counts for more
NODE_LIMIT = 50_000
HELD_BY_ONE = 16
#: remembered histories of one (configuration, event), and event names of one configuration
VARIANT_LIMIT = 1_000

#: a whole step: the configuration that follows, the actions to run, and the trace
Shortcut: TypeAlias = "tuple[Configuration, tuple[Call, ...], tuple[Microstep, ...]]"


class Configurations(dict[tuple[int, ...], "Configuration"]):
    """The interned configurations of one machine by their active states; made when looked up."""

    def __init__(self, tables: Tables[Any]) -> None:
        self.tables = tables
        self._size = 0
        self._nodes = 0

    def __missing__(self, active: tuple[int, ...]) -> Configuration:
        if self._size >= CONFIGURATION_LIMIT:
            # one that an instance is in may live on: it leads to no other
            self._forget()
            self._size = 0
            self.clear()
        self._size += 1 + len(active) // STATES_OF_ONE
        made = self[active] = Configuration(self, active)
        return made

    def count_node(self, held: int) -> None:
        """Counts one more node, which holds so many names, operations and states; drops all trees
        where that exceeds the limit."""
        self._nodes += 1 + held // HELD_BY_ONE
        if self._nodes > NODE_LIMIT:
            self._forget()

    def _forget(self) -> None:
        self._nodes = 0
        for configuration in self.values():
            configuration.forget()


def beginning(configurations: Configurations) -> DecisionNode:
    """The leaf whose plan enters the chart from nowhere."""
    return _leaf(configurations, None, (), (), plan_beginning(configurations.tables))


class Configuration:
    """A legal set of active states of one machine, interned: compare with ``is``.

    ``active`` are numbers in document order, the root left out.
    """

    __slots__ = (
        "_configurations", "_eventless", "accepts", "active", "by_class", "hot_paths", "leaves",
        "owners", "rows", "states", "tables", "tags",
    )  # fmt: skip

    def __init__(self, configurations: Configurations, active: tuple[int, ...]) -> None:
        tables = configurations.tables
        tree = tables.tree
        nodes = [tree.states[state] for state in active]
        self._configurations = configurations
        self.tables = tables
        self.active = active
        self.states = frozenset(node.id for node in nodes)
        self.leaves = tuple(tree.states[s].id for s in active if not tree.children[s])
        self.tags = tuple(dict.fromkeys(tag for node in nodes for tag in node.tags))
        self.owners = tuple(dict.fromkeys(node.owner for node in nodes if node.owner))
        #: names of events that some active state has a transition for, declared ones only
        self.accepts = heard(tree, active, tables.event_names)
        self.rows: dict[str, DecisionNode] = {}
        #: the same for events whose class has but one name, found without asking the event
        self.by_class: dict[type, DecisionNode] = {}
        #: functions that :mod:`.hot_path` wrote for those of them that are taken often
        self.hot_paths: dict[type, Callable[..., Any]] = {}
        self._eventless: DecisionNode | None = None

    def __repr__(self) -> str:
        return f"Configuration({', '.join(self.leaves)})"

    def row(self, name: str) -> DecisionNode:
        """The decision tree for an event of this name."""
        node = self.rows.get(name)
        if node is None:
            if len(self.rows) >= VARIANT_LIMIT:
                self.forget_events()
            node = self.rows[name] = self._root(name)
        return node

    def row_of(self, event: AnEvent) -> DecisionNode:
        """The decision tree for this event."""
        node = self.row(event.__event__)
        if isinstance(event, Event):
            if len(self.by_class) >= VARIANT_LIMIT:
                self.forget_events()
            self.by_class[type(event)] = node
        return node

    @property
    def eventless(self) -> DecisionNode:
        """The decision tree for immediate transitions."""
        if self._eventless is None:
            self._eventless = self._root(None)
        return self._eventless

    @property
    def rests(self) -> bool:
        """Whether no immediate transition can be enabled here, whatever the data."""
        node = self.eventless
        return node.ask == Ask.LEAF and node.plan is None

    def forget(self) -> None:
        """Drops all its trees."""
        self.forget_events()
        self._eventless = None

    def forget_events(self) -> None:
        self.rows.clear()
        self.by_class.clear()
        self.hot_paths.clear()

    def _root(self, name: str | None) -> DecisionNode:
        if not self.tables.depends_on_history(self.active, name):
            return self._grow(name, {}, {}, likely=False)
        node = DecisionNode(
            Ask.HISTORY, lambda history: self._grow(name, history, {}, likely=False)
        )
        node.call = self.tables.remembering
        return node

    def _grow(
        self, name: str | None, history: History, answers: Mapping[Guard, bool], *, likely: bool
    ) -> DecisionNode:
        """The node after these answers of guards: the next question, or a leaf. ``likely`` is the
        answer of the path that is found for all questions after it."""
        order: dict[Guard, bool] = {}
        questions: list[int] = []

        def answer(guard: Guard) -> bool:
            said = order.get(guard)
            if said is None:
                said = guard.name in self.states if guard.kind == "in" else answers.get(guard)
                if said is None:
                    questions.append(len(order))
                    said = likely
                order[guard] = said
            return said

        chosen = select(self.tables.tree, self.active, name, history, answer)
        assert chosen is not None
        path = _Path(name, history, tuple(order.items()), tuple(questions), chosen)
        return self._node(path, 0)

    def _node(self, path: _Path, number: int) -> DecisionNode:
        """The question of this number on the path, or the leaf at its end."""
        if number < len(path.questions):
            # the path itself is held by all its nodes
            self._configurations.count_node(0 if number else len(path.order))
            return self._question(path, number)
        name, chosen, tables = path.name, path.chosen, self.tables
        guards = tuple((guard.name, said) for guard, said in path.order)
        ids = tuple(transition.id for transition in chosen)
        planned = plan_transitions(tables, self.active, chosen, path.history) if chosen else None
        self._configurations.count_node(len(guards) + (0 if planned is None else planned.size))
        leaf = _leaf(self._configurations, name, guards, ids, planned)
        if planned is None and name is not None and not is_reserved(name) and tables.is_plain:
            # the step before ended at rest, and nothing has changed since
            leaf.refuses = tables.settles or self.rests
        return leaf

    def _question(self, path: _Path, number: int) -> DecisionNode:
        place = path.questions[number]
        guard, likely = path.order[place]

        def grow(said: bool) -> DecisionNode:
            if said == likely:
                return self._node(path, number + 1)
            answers = {**dict(path.order[:place]), guard: said}
            return self._grow(path.name, path.history, answers, likely=said)

        if guard.kind == "by":
            node = DecisionNode(Ask.ROLE, grow)
            node.call = frozenset(guard.name.split(","))
        else:
            function = self.tables.functions[guard.name]
            node = DecisionNode(Ask(function.takes), grow)
            node.call = function.call
        node.what = guard.name
        return node


class _Path(NamedTuple):
    """A way through a decision tree on which every guard that is a question says the same.

    It is found in one walk: one for each question would take the square of their number.
    ``order`` are all guards on it with their answers, ``questions`` the places of those in it that
    are asked, ``chosen`` the transitions at its end.
    """

    name: str | None
    history: History
    order: tuple[tuple[Guard, bool], ...]
    questions: tuple[int, ...]
    chosen: tuple[Transition, ...]


def _leaf(
    configurations: Configurations,
    name: str | None,
    guards: tuple[tuple[str, bool], ...],
    transitions: tuple[str, ...],
    planned: Planned | None,
) -> DecisionNode:
    leaf = DecisionNode(Ask.LEAF, None)
    if planned is None:
        leaf.trace = (Microstep(name, guards, (), (), ()),)
        return leaf
    plan, exited, entered = planned.plan, planned.exited, planned.entered
    leaf.plan = plan
    leaf.target = configurations[plan.active]
    leaf.trace = (Microstep(name, guards, transitions, exited, entered),)
    # With a reserved event a timer or an effect ends, too. What follows an immediate transition is
    # not looked into: a cycle of them would be followed for ever.
    outside = name is not None and not is_reserved(name)
    if plan.calls is not None and outside and leaf.target.rests:
        leaf.shortcut = leaf.target, plan.calls, leaf.trace
    return leaf


class Ask(IntEnum):
    """What a node is. The first four are inner: how to get the answer or the next node."""

    LEAF = 0
    DATA = 1
    DATA_EVENT = 2
    DATA_EVENT_CONTEXT = 3
    ROLE = 4
    HISTORY = 5


class DecisionNode:
    """One question about an event in a configuration or, with ``ask`` LEAF, what the event does.

    ``plan`` None at a leaf: nothing is enabled. ``target`` is the configuration that the plan leads
    to, ``trace`` the round as a step reports it. ``shortcut`` is set where the whole step consists
    of the plan's ``calls``. ``refuses``: the whole step is that nothing takes the event.
    """

    __slots__ = (
        "_grow", "ask", "call", "no", "plan", "refuses", "shortcut", "taken", "target", "trace",
        "variants", "what", "yes",
    )  # fmt: skip

    def __init__(self, ask: Ask, grow: Callable[[Any], DecisionNode] | None) -> None:
        self.ask = int(ask)
        self.call: Any = None
        self.what = ""
        self.yes: DecisionNode | None = None
        self.no: DecisionNode | None = None
        self.plan: Plan | None = None
        self.target: Configuration | None = None
        self.trace: tuple[Microstep, ...] = ()
        self.shortcut: Shortcut | None = None
        self.refuses = False
        #: how often the shortcut was taken
        self.taken = 0
        self.variants: dict[tuple[tuple[str, ...], ...], DecisionNode] = {}
        self._grow = grow

    def branch(self, answer: bool) -> DecisionNode:
        """The node for this answer to the guard."""
        node = self.yes if answer else self.no
        if node is None:
            assert self._grow is not None
            node = self._grow(answer)
            if answer:
                self.yes = node
            else:
                self.no = node
        return node

    def variant(self, history: History) -> DecisionNode:
        """The node for what the histories named in ``call`` remember."""
        key = tuple(history.get(name, ()) for name in self.call)
        node = self.variants.get(key)
        if node is None:
            assert self._grow is not None
            if len(self.variants) >= VARIANT_LIMIT:
                self.variants.clear()
            node = self.variants[key] = self._grow(dict(zip(self.call, key, strict=True)))
        return node
