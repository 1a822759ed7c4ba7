"""Every built-in function costs what it does, by the size of what it is given.

Each is called with large values until the work of one evaluation is used up: the time that this
takes is the time of one evaluation, whatever the function.
"""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest

from statehold.expression.allowance import ANSWER_WORK_LIMIT, answer_allowance
from statehold.expression.ecmascript import builtins, methods
from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EvaluationFailed, ExpressionRefused, Scope
from tests.timing import measured

#: seconds that one evaluation takes at most, of the processor; three times what was measured
LONGEST = 0.25
#: by the names that the scripts have for them
VALUES: dict[str, Any] = {
    "text": "a" * 90_000,
    "sought": "a" * 45_000 + "b",
    "reversed": "b" + "a" * 45_000,
    "wide": "ü" * 90_000,
    "quoted": '"\\' * 25_000,
    "digits": "9" * 1_000,
    "numbers": list(range(20_000)),
    "floats": [n * 1.1 for n in range(5_000)],
    "texts": ["a" * 900 + str(n) for n in range(90)],
    "mixed": [1, "a", None, {}] * 2_000,
    "nested": [[list(range(50))]] * 200,
    "object": {f"k{n}": n for n in range(10_000)},
}
RECEIVERS = {
    str: ("text",),
    list: ("numbers", "mixed"),
    dict: ("object",),
    bool: ("true",),
    float: ("(1.5)",),
}
ARGUMENTS = (
    "", "sought", "reversed, 'x'", "'', 'b'", "99999, 'ab'", "numbers", "digits", "-1",
    "0, 1, numbers", "(a, b) => 0",
)  # fmt: skip

CALLS = [
    *(
        (f"{kind.__name__}.{name}", [f"{one}.{name}" for one in ones])
        for kind, ones in RECEIVERS.items()
        for name in sorted(methods.METHODS[kind])
    ),
    *((name, [name]) for name in sorted(builtins.FUNCTIONS)),
    *(
        (part, [part])
        for part in (
            "text + sought", "text == sought", "text < wide", "`${texts}`", "[...numbers]",
            "({...object})", "[numbers, numbers]", "numbers == numbers", "nested == nested",
            "'k1' in object", "text * 1", "digits | 0", "mixed + ''", "object + ''", "!text",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "calls"), CALLS, ids=[name for name, _ in CALLS])
def test_a_function_costs_what_it_does(name: str, calls: list[str]) -> None:
    ran = 0
    for call in calls:
        plain = name == call and not name.replace(".", "").isalnum()
        for given in ("",) if plain else ARGUMENTS:
            text = f"while (true) {{ {call if plain else f'{call}({given})'}; }}"
            try:
                script = ECMASCRIPT.script(text)
            except ExpressionRefused:
                continue
            used = {name: VALUES[name] for name in script.reads | script.writes}
            scope = Scope(copy.deepcopy(used))
            with measured() as took, contextlib.suppress(EvaluationFailed):
                script.run(scope)
            assert took.seconds < LONGEST, f"{text}: {took.seconds * 1_000:.0f} ms"
            ran += 1
    assert ran


def test_what_is_asked_for_one_answer_takes_about_a_tenth_of_a_second() -> None:
    guards = [
        ECMASCRIPT.expression(f"numbers.indexOf({-n}) > text.lastIndexOf(sought)")
        for n in range(1, 500)
    ]
    with measured() as took, answer_allowance("the answer") as allowance:
        for guard in guards:
            with contextlib.suppress(EvaluationFailed):
                guard(Scope(VALUES))
    assert allowance.limit == ANSWER_WORK_LIMIT
    assert allowance.left < 0
    assert took.seconds < 0.4
