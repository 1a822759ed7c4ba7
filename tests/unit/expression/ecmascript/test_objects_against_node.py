"""Objects with methods, made at random, do what they do in Node.

Each step is a script of its own, and what the document holds is read back from JSON before it, as
from a store; in Node all steps are one run. What is known to differ is not made: two names for one
object, and ``Object.keys``, which shows no methods here.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from statehold.expression.ecmascript.language import ECMASCRIPT
from statehold.expression.language import EvaluationFailed, Scope
from tests.unit.expression.ecmascript.test_against_node import NODE

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")

PROGRAM = """
const vm = require('vm');
const programs = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(programs.map(({root, steps}) => {
  const context = vm.createContext({total: 0, out: null}), found = [];
  try {
    for (const text of [root, ...steps]) {
      vm.runInContext(text, context);
      found.push(context.out === undefined ? null : context.out);
    }
  } catch (error) { found.push(error.name) }
  return found;
})));
"""

NUMBERS = ["1", "2", "3", "total", "p", "q", "n", "xs.length", "me.v"]
OUTSIDE = ["1", "2", "5", "total"]


def statements(
    chance: Random, names: list[str], numbers: Sequence[str], *, has_private: bool
) -> str:
    """The body of a method, which may call the methods that are there already."""
    this = chance.choice(["this", "me"]) if has_private else "this"
    number = chance.choice(numbers)
    choices = [
        f"{this}.v += {number}",
        f"{this}.o.k = {{a: {number}}}",
        f"{this}.list.push({number})",
        f"total += {number}",
        f"let own = {number}; own++; {this}.v = own",
        f"if ({this}.v > 10) {{ {this}.v = {number} }} else {{ {this}.list.push({this}.v) }}",
        f"for (var i = 0; i < 2; i++) {{ {this}.v += i * {number} }}",
        f"this.list = this.list.map(x => x + {number} + this.v).slice(-3)",
    ]
    if has_private:
        choices += [
            f"n += {number}", f"xs.push({number}, n)", "n = xs.reduce((a, b) => a + b, 0) % 97",
            f"xs = xs.filter(x => x !== {number}).slice(-4)", "p = [n, q]; p = p[0]",
            f"[1, 2].forEach(function (x) {{ n += x + {number} }})", "xs[0] = {n: n}.n",
            "let add = by => { n += by; return n }; me.v = add(2)",
        ]  # fmt: skip
    if names:
        choices.append(f"{this}.v += {this}.{chance.choice(names)}({number}) || 0")
    found = chance.choices(choices, k=chance.randint(1, 4))
    return "; ".join(f"{{ {one} }}" for one in found)


def methods(
    chance: Random, numbers: Sequence[str], *, has_private: bool, is_literal: bool
) -> list[str]:
    found = []
    for at in range(chance.randint(1, 4)):
        names = [f"m{before}" for before in range(at)]
        body = statements(chance, names, numbers, has_private=has_private)
        gives = chance.choice(["this.v", "this.list.length", "this.o.k.a"])
        if has_private:
            gives = chance.choice([gives, "n", "xs.length", "p", "[n, me.v].join()"])
        # what is a number stays one
        gives = gives if "join" not in gives or at == 3 else "n"
        text = f"{{ {body}; return {gives} }}"
        kinds = ["function (d) ", "d => "] if has_private else ["function (d) "]
        if is_literal:
            short = chance.random() < 0.5
            found.append(f"m{at}(d) {text}" if short else f"m{at}: function (d) {text}")
        else:
            found.append(f"m{at} = {chance.choice(kinds)}{text}")
    return found


def program(chance: Random) -> dict[str, Any]:
    own = methods(chance, NUMBERS, has_private=True, is_literal=False)
    first = chance.choice(["", "this.m0(2);", "me.v = this.m0(1);"])
    inherited = methods(chance, OUTSIDE, has_private=False, is_literal=False)
    literal = methods(chance, OUTSIDE, has_private=False, is_literal=True)
    extra = methods(chance, OUTSIDE, has_private=False, is_literal=False)
    root = "\n".join(
        [
            "function C(p, q = 3) {",
            "  let n = p; var xs = [q, 1]; const me = this;",
            "  this.v = p; this.o = {k: {a: 1}}; this.list = [];",
            *[f"  this.{method};" for method in own],
            f"  {first}",
            "}",
            *[f"C.prototype.x{method};" for method in inherited],
            f"var a = new C({chance.choice(OUTSIDE)}), b = new C(7, 8);",
            "var c = {v: 1, o: {k: {a: 2}}, list: [1], " + ", ".join(literal) + "};",
            "var e = {v: 2, o: {k: {a: 3}}, list: []};",
            *[f"e.{method};" for method in extra],
            "function shown(o) { return JSON.stringify(o) }",
        ]
    ).replace("C.prototype.xm", "C.prototype.x")
    calls = [f"{o}.m{at}({{}})" for o in "ab" for at in range(len(own))]
    calls += [f"{o}.x{at}.call({o}, {{}})" for o in "ab" for at in range(len(inherited))]
    calls += [f"{o}.x{at}({{}})" for o in "ab" for at in range(len(inherited))]
    calls += [f"c.m{at}({{}})" for at in range(len(literal))]
    calls += [f"e.m{at}({{}})" for at in range(len(extra))]
    calls += ["[a, b, c, e].map(shown)", "a.m0 === a.m0", "a.m0 === b.m0", "typeof c.m0",
              "[1, 2].map(x => a.m0(x))", "(f => f.call(b, 1))(b.m0)"]  # fmt: skip
    steps = []
    for call in chance.choices(calls, k=chance.randint(4, 12)):
        again = chance.random() < 0.08
        steps.append(
            "a = new C(4); out = a.v" if again else f"out = {call.format(chance.choice(OUTSIDE))}"
        )
    steps.append("out = [total, ...[a, b, c, e].map(shown)]")
    return {"root": root, "steps": steps}


def in_node(programs: list[dict[str, Any]]) -> list[list[Any]]:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", PROGRAM],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[list[Any]] = json.loads(done.stdout)
    return found


def here(program: dict[str, Any]) -> list[Any]:
    language = ECMASCRIPT.with_functions([program["root"]], {}, program["steps"])
    assert not any(language.functions.values()), language.functions
    data: dict[str, Any] = {"total": 0, "out": None}
    found: list[Any] = []
    for text in [program["root"], *program["steps"]]:
        data = json.loads(json.dumps(data))
        try:
            language.script(text).run(Scope(data, now=datetime(2026, 1, 1, tzinfo=UTC)))
        except EvaluationFailed as error:
            return [*found, str(error)]
        found.append(data["out"])
    return found


@pytest.mark.parametrize("seed", range(6))
def test_objects_do_what_they_do_in_node(seed: int) -> None:
    chance = Random(seed)
    made = [program(chance) for _ in range(50)]
    for one, expected in zip(made, in_node(made), strict=True):
        found = here(one)
        if expected[-1] in ("TypeError", "RangeError"):
            # what the error says is no part of the language
            found[-1] = expected[-1] if type(found[-1]) is str else found[-1]
        assert found == expected, f"{one['root']}\n{one['steps']}"
