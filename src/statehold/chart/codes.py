"""The codes of the static checks' findings.

They are declared in this layer, below the checks, so that a silence with an unknown code is
refused when its chart is compiled, and a type checker reports a misspelt one. Their meanings are in
:mod:`statehold.check.lint.catalogue`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Code: TypeAlias = Literal[
    # states
    "unreachable-state",
    "dead-end",
    "no-way-out",
    "no-end",
    "history-unused",
    "history-never-recorded",
    "owner-cannot-act",
    "owner-unused",
    "tag-unused",
    "same-label",
    # transitions
    "never-chosen",
    "duplicate-transition",
    "overlapping-guards",
    "in-guard-impossible",
    "constant-guard",
    "conflicting-regions",
    "does-nothing",
    "endless-eventless",
    # time
    "timer-never-fires",
    "deadline-never-passes",
    "timer-too-short",
    # completion
    "never-done",
    "done-unhandled",
    # effects and children
    "unhandled-failure",
    "result-unused",
    "invoke-never-starts",
    "child-never-ends",
    # events
    "unheard-event",
    "undeclared-event",
    # who may do what
    "not-internal",
    "message-refused",
    "nobody-may-send",
    "nobody-may-read",
    "role-unused",
    # data and functions
    "never-set",
    "unknown-field",
    "guard-changes-data",
    "reads-clock",
    # the checks themselves
    "silence-unused",
    "silence-unknown",
    "search-cut",
]

CODES: frozenset[str] = frozenset(get_args(Code))
