"""The meaning and severity of each code of a finding.

An error is a part of the chart that can't work, whatever the functions return: such a machine does
not start. A warning is probably a mistake. An info is often intended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from statehold.chart.codes import Code
from statehold.check.lint.finding import Severity


class Meaning(NamedTuple):
    severity: Severity
    meaning: str


CATALOGUE: Mapping[Code, Meaning] = {
    "unreachable-state": Meaning("warning", "no transition that can be taken leads to the state"),
    "dead-end": Meaning("warning", "nothing leaves the state, though it is not final"),
    "no-way-out": Meaning(
        "warning", "states that lead only to one another, while no end can be reached"
    ),
    "no-end": Meaning("warning", "the machine has ends, and none of them can be reached"),
    "history-unused": Meaning("warning", "nothing leads to the history state"),
    "history-never-recorded": Meaning(
        "warning", "the history state has nothing to remember: its default is always taken"
    ),
    "owner-cannot-act": Meaning(
        "warning", "the state's owner has none of the roles that its events ask for"
    ),
    "owner-unused": Meaning("info", "it is never the owner's turn"),
    "tag-unused": Meaning("info", "no instance ever has the tag"),
    "same-label": Meaning("warning", "two states or two events have one label"),
    "never-chosen": Meaning("error", "the transition can never be chosen"),
    "duplicate-transition": Meaning("warning", "the transition is equal to an earlier one"),
    "overlapping-guards": Meaning(
        "warning", "two transitions for one event can both be enabled; the order decides"
    ),
    "in-guard-impossible": Meaning(
        "error", "a guard asks for a state that can't be active together with the source"
    ),
    "constant-guard": Meaning("warning", "a guard always returns the same"),
    "conflicting-regions": Meaning(
        "warning", "transitions of two regions for one event lead apart; one of them is dropped"
    ),
    "does-nothing": Meaning("info", "the transition leads nowhere and changes nothing"),
    "endless-eventless": Meaning("error", "transitions without events repeat for ever"),
    "timer-never-fires": Meaning("error", "the state is always left before the timer is due"),
    "deadline-never-passes": Meaning(
        "warning", "the state is always left before its deadline passes"
    ),
    "timer-too-short": Meaning(
        "warning", "a timer that a timer sets has a shorter delay than it then waits"
    ),
    "never-done": Meaning("error", "on_done waits for a state that can never be done"),
    "done-unhandled": Meaning(
        "warning",
        "a state reaches its final state and stays there, as no transition takes its completion",
    ),
    "unhandled-failure": Meaning("info", "no transition takes the failure of an invoke"),
    "result-unused": Meaning("info", "no transition takes the result of an effect"),
    "invoke-never-starts": Meaning(
        "error", "the state is always left in the step that enters it, before its invokes start"
    ),
    "child-never-ends": Meaning(
        "warning", "a transition waits for the result of a child machine that has no end"
    ),
    "unheard-event": Meaning(
        "warning", "an event is declared or raised, and no transition takes it"
    ),
    "undeclared-event": Meaning(
        "warning", "a transition waits for an event that is neither declared nor raised"
    ),
    "not-internal": Meaning(
        "info", "machines send the event, and callers may send it too, as it is not internal"
    ),
    "message-refused": Meaning(
        "warning", "a machine sends the event, and its transitions take it from roles alone"
    ),
    "nobody-may-send": Meaning(
        "warning", "an internal event is taken from roles alone, and no role may send it"
    ),
    "nobody-may-read": Meaning(
        "warning", "somebody may start instances or change them, and nobody may read one"
    ),
    "role-unused": Meaning("info", "a view is for a role that may not read"),
    "never-set": Meaning(
        "warning", "a field of the data is read, is empty at first, and is never set"
    ),
    "unknown-field": Meaning("error", "a function uses a field that the data does not have"),
    "guard-changes-data": Meaning("error", "a guard changes the data"),
    "reads-clock": Meaning(
        "warning", "a guard or an action reads a clock or chance, or works on the outside"
    ),
    "silence-unused": Meaning("warning", "a silence matches no finding"),
    "silence-unknown": Meaning("warning", "a silence has a code that no check has, or no reason"),
    "search-cut": Meaning(
        "info", "the chart is larger than the limit of the search; some checks are left out"
    ),
}
