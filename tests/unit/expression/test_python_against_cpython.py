"""Expressions made at random give what Python itself gives for them.

Only here is anything given to ``eval``: texts that the strategies below made.
"""

from __future__ import annotations

import copy
import re
import warnings
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statehold.expression.language import EvaluationFailed, Scope
from statehold.expression.python import PYTHON

DATA: dict[str, Any] = {
    "i": 7, "f": 2.5, "t": "ab c", "n": None, "xs": [3, 1, 2], "o": {"k": 1, "s": "v"}
}  # fmt: skip

ATOMS = st.one_of(
    st.integers(0, 30).map(str),
    st.sampled_from(["0.5", "1e3", "True", "False", "None", "'a'", "'12'", "' x '", "''"]),
    st.sampled_from(["i", "f", "t", "n", "xs", "o['k']", "o.get('s')", "xs[1]", "t[0]"]),
)

TEXTS = ["'a'", "'1'", "''"]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def pair(*signs: str) -> st.SearchStrategy[str]:
        return st.builds(lambda a, s, b: f"({a} {s} {b})", inner, st.sampled_from(signs), inner)

    index = st.integers(-4, 4)
    return st.one_of(
        pair("+", "-", "*", "/", "//", "%", "<", "<=", ">", ">=", "==", "!=", "and", "or"),
        pair("&", "|", "^", ">>", "in", "not in"),
        st.builds(lambda a, n: f"({a} ** {n})", inner, st.integers(0, 4)),
        st.builds(lambda s, a: f"({s} {a})", st.sampled_from(["not", "-", "+", "~"]), inner),
        st.builds(lambda a, b, c: f"({a} if {b} else {c})", inner, inner, inner),
        st.builds(lambda a, b, c: f"({a} < {b} <= {c})", inner, inner, inner),
        st.builds(lambda a: f"({a} is not None)", inner),
        st.builds(lambda a, n, m: f"{a}[{n}:{m}]", st.sampled_from(["t", "xs"]), index, index),
        st.builds(
            lambda name, a: f"{name}({a})",
            st.sampled_from(["len", "str", "int", "float", "bool", "abs", "round", "sum", "min",
                             "max", "sorted", "list", "any", "all"]),
            inner,
        ),
        st.builds(
            lambda a, name: f"str({a}).{name}()",
            inner, st.sampled_from(["upper", "lower", "strip", "title", "isdigit", "split"]),
        ),
        st.builds(lambda a, b: f"str({a}).replace({b}, 'zz')", inner, st.sampled_from(TEXTS)),
        st.builds(lambda a, b: f"[{a}, {b}]", inner, inner),
        st.builds(lambda a, b: f"[x for x in [{a}, {b}] if x]", inner, inner),
        st.builds(lambda a: f"sum(x * y for x in xs for y in xs if x < y) + ({a})", inner),
        st.builds(lambda a: f"f'<{{{a}}}>'", st.sampled_from(["i", "t", "n", "xs", "f:>7.2f"])),
    )  # fmt: skip


EXPRESSIONS = st.recursive(ATOMS, _grown, max_leaves=8)
FAILURES = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError)

#: what Python can do and is refused here: putting lists in order, and text that is a format
STRICTER = re.compile(
    r"'[<>]=?' can't be done with a list and a list"
    r"|'%' can't be done with a str"
    r"|can be put in order"
)


def by_python(text: str) -> Any:
    names: dict[str, Any] = {"__builtins__": {}} | {
        function.__name__: function
        for function in (
            len, str, int, float, bool, abs, round, sum, min, max, sorted, list, any, all
        )
    }  # fmt: skip
    with warnings.catch_warnings():
        # of comparisons by 'is' with a constant
        warnings.simplefilter("ignore", SyntaxWarning)
        code = compile(text, "<made at random>", "eval")
    return eval(code, names | copy.deepcopy(DATA))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS)
def test_what_is_made_at_random_gives_the_same_as_in_python(text: str) -> None:
    expression = PYTHON.expression(text)
    try:
        expected = by_python(text)
    except FAILURES:
        expected = FAILURES
    found, failure = None, ""
    try:
        found = expression(Scope(copy.deepcopy(DATA)))
    except EvaluationFailed as error:
        failure = str(error)
    if failure:
        assert expected is FAILURES or STRICTER.search(failure), (text, failure, expected)
    else:
        assert (type(found), found) == (type(expected), expected), text
