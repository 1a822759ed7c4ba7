"""Documents of the native notation that are sound, made by chance: of what rules, effects, inputs,
templates and labels can say, most of it in each."""

from __future__ import annotations

from random import Random
from typing import Any

EFFECTS = ("lent", "twice", "again")
LABELS = ("Warten auf <b>Küche</b>", "a & b | \"c\" 'd'", "انتظار", "ready: #1 {x}", "- no: yes")
QUESTION: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer", "default": 0}, "ok": {"type": ["boolean", "null"]}},
    "default": {},
}
TEMPLATE: dict[str, Any] = {
    "parameters": {"ask": None, "office": {"default": "ops"}, "extra": {"default": []}},
    "states": {
        "asking": {"initial": True, "invoke": {"effect": "$ask", "id": "asks"}, "owner": "$office"},
        "good": {"final": True},
        "bad": {"final": True},
    },
    "transitions": {
        "answer": {"on_result": "asks", "from": "asking", "to": "good", "do": "$extra"},
        "fail": {"on_failure": "$ask", "from": "asking", "to": "bad"},
        "stop": {"on_cancel": True, "to": "bad", "when": "data.n >= 0"},
    },
}


def document(random: Random) -> dict[str, Any]:
    """The same one for the same state of ``random``."""
    return _Document(random).made()


class _Document:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.states: dict[str, dict[str, Any]] = {}
        #: paths of states, with the ids of what they invoke
        self.invoked: dict[str, list[str]] = {}
        self.finals: list[str] = []
        self.uses: list[str] = []

    def made(self) -> dict[str, Any]:
        states = self.level("", 0)
        found: dict[str, Any] = {
            "statehold": 1,
            "name": "made",
            "data": {
                "properties": {
                    "n": {"type": "integer", "default": 0},
                    "ok": {"type": ["boolean", "null"], "default": None},
                    "left": QUESTION,
                    "right": QUESTION,
                }
            },
            "events": {"Go": {"label": self.label()}, "Stop": None},
            "effects": {
                "lent": {"errors": {"TimeoutError": {"attempts": 2}}},
                "twice": {"use": "lent", "retry": {"attempts": 2}, "errors": {"ValueError": None}},
                "again": {"offered": "lent", "result": {"type": "boolean"}},
            },
            "templates": {
                "check": TEMPLATE,
                "outer": {
                    "parameters": ["ask"],
                    "parallel": True,
                    "states": {
                        "one": {"use": "check", "with": {"ask": "$ask"}},
                        "two": {"states": {"only": {"initial": True}}},
                    },
                    "transitions": {"end": {"on": "Stop", "from": "one.asking", "to": "one.bad"}},
                },
            },
            "states": states,
            "transitions": {
                f"t{number}": self.row() for number in range(self.random.randint(1, 9))
            },
        }
        if not self.uses:
            del found["templates"]
        if self.chance():
            found["label"] = self.random.choice(LABELS)
        if self.chance():
            found["input"] = {
                "properties": {"m": {"type": "integer", "default": 1}},
                "set": {"n": self.random.choice(("input.m", "input.m * 2", 3))},
            }
        if self.chance():
            found["do"] = self.actions()
        return found

    def chance(self, part: float = 0.4) -> bool:
        return self.random.random() < part

    def label(self) -> str | None:
        return self.random.choice(LABELS) if self.chance() else None

    def level(self, parent: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for number in range(self.random.randint(1 if depth else 2, 3)):
            name = f"s{number}"
            path = f"{parent}.{name}" if parent else name
            found[name] = self.state(path, depth)
            self.states[path] = found[name]
            if number == 0:
                found[name]["initial"] = True
        if depth and self.chance(0.6):
            found["over"] = {"final": True, "output": "data.n"}
            self.finals.append(f"{parent}.over")
        return found

    def state(self, path: str, depth: int) -> dict[str, Any]:
        label = self.label()
        state: dict[str, Any] = {} if label is None else {"label": label}
        if self.chance(0.25):
            self.uses.append(path)
            ask = self.random.choice(EFFECTS)
            extra = self.random.choice(([], [{"set": {"n": "data.n + 1"}}]))
            if self.chance():
                return state | {"use": "outer", "with": {"ask": ask}}
            state |= {"use": "check", "with": {"ask": ask, "extra": extra}}
            return state | (
                {"data": self.random.choice(("left", "right"))} if self.chance() else {}
            )
        if depth < 2 and self.chance():
            state["states"] = self.level(path, depth + 1)
        self.invoke(path, state)
        for key in ("entry", "exit"):
            if self.chance(0.3):
                state[key] = self.actions()
        return state

    def invoke(self, path: str, state: dict[str, Any]) -> None:
        invokes: list[Any] = []
        for effect in self.random.sample(EFFECTS, self.random.randint(0, 2)):
            invokes.append(effect)
            self.invoked.setdefault(path, []).append(effect)
            if self.chance():
                invokes.append({"effect": effect, "id": f"{path}-{effect}"})
                self.invoked[path].append(f"{path}-{effect}")
        if invokes:
            state["invoke"] = invokes

    def actions(self) -> Any:
        choices: list[Any] = [
            {"set": {"n": "data.n + 1"}},
            {"effect": self.random.choice(EFFECTS)},
            {"emit": "Go"},
            {"function": "lent"},
        ]
        found = self.random.sample(choices, self.random.randint(1, 2))
        return found[0] if len(found) == 1 else found

    def row(self) -> dict[str, Any]:
        source, target = (self.random.choice(list(self.states)) for _ in range(2))
        row: dict[str, Any] = {"from": source, "to": target}
        invoking = list(self.invoked)
        kind = self.random.choice(("on", "any", "after", "cancel", "end", "outcome", "outcome"))
        if kind == "end" and self.finals:
            row |= {"on_done": True, "from": self.random.choice(self.finals)}
        elif kind == "outcome" and invoking:
            row["from"] = self.random.choice(invoking)
            asked = self.random.choice(self.invoked[row["from"]])
            row[self.random.choice(("on_result", "on_failure"))] = asked
            if "on_result" in row and asked.endswith("again") and self.chance():
                row["into"] = "ok"
        elif kind == "after":
            row["after"] = self.random.choice(("5m", "duration('5m')"))
        elif kind == "cancel":
            row["on_cancel"] = True
        else:
            row["on"] = self.random.choice(("Go", ["Go", "Stop"], "*"))
            row["by"] = self.random.choice(([], "clerk", [{"machine": "other"}]))
        if self.chance(0.3) and "on_done" not in row:
            del row["from"]
            if "on_result" in row or "on_failure" in row:
                # the machine is around every state that invokes
                row.pop("into", None)
        if self.chance():
            row["do"] = self.actions()
        if self.chance(0.3):
            row["when"] = self.random.choice(("data.n < 9", {"in": source}, {"function": "lent"}))
        if self.chance(0.2):
            row["reenter"] = True
        return row
