"""The methods that Python expressions may call, by the type of their receiver.

Those of :data:`CHANGING` change it, so only a script may call them, on a variable or a part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from statehold.expression.frame import Frame
from statehold.expression.language import EvaluationFailed
from statehold.expression.python_functions import Bounded, items_of, put_in_order
from statehold.expression.python_operators import key_of, same
from statehold.expression.values import kept


def method_of(receiver: Any, name: str) -> Bounded | None:
    """The method of this name that values of the receiver's type have."""
    kind = dict if isinstance(receiver, Mapping) else type(receiver)
    return METHODS.get(kind, {}).get(name)


def _of_text(name: str, least: int, most: int) -> Bounded:
    """A method of ``str`` that gives no longer text than it gets."""
    method = getattr(str, name)

    def run(frame: Frame, text: str, *arguments: Any) -> Any:
        frame.spend(1 + (len(text) >> 4))
        # of lower and upper case, some letters become three
        result = method(text, *arguments)
        return list(result) if type(result) is tuple else result

    return Bounded(run, least, most)


def _join(frame: Frame, separator: str, values: Any) -> str:
    parts = list(items_of(frame, values))
    if not all(type(part) is str for part in parts):
        raise EvaluationFailed("join() takes texts only; str(…) makes one of a number")
    frame.spend_items(len(parts))
    frame.spend_text(sum(map(len, parts)) + len(separator) * max(0, len(parts) - 1))
    return separator.join(parts)


def _replace(frame: Frame, text: str, old: Any, new: Any, count: Any = -1) -> str:
    frame.spend(1 + (len(text) >> 4))
    if type(old) is str and type(new) is str:
        frame.spend_text(len(text) + text.count(old) * max(0, len(new) - len(old)))
    return text.replace(old, new, count)


def _split(frame: Frame, text: str, separator: Any = None, most: Any = -1) -> list[str]:
    frame.spend(1 + len(text))
    return text.split(separator, most)


def _index(frame: Frame, values: list[Any], item: Any) -> int:
    frame.spend(1 + len(values))
    for position, value in enumerate(values):
        if same(frame, value, item):
            return position
    raise EvaluationFailed("index(): the list does not hold it")


def _count(frame: Frame, values: list[Any], item: Any) -> int:
    frame.spend(1 + len(values))
    return sum(same(frame, value, item) for value in values)


def _of_mapping(part: Callable[[Any], Any]) -> Bounded:
    def run(frame: Frame, mapping: Any) -> list[Any]:
        frame.spend(1 + len(mapping))
        return list(part(mapping))

    return Bounded(run)


def _append(frame: Frame, values: list[Any], item: Any) -> None:
    frame.spend(2)
    values.append(kept(frame, item))


def _extend(frame: Frame, values: list[Any], more: Any) -> None:
    added = [kept(frame, item) for item in list(items_of(frame, more))]
    frame.spend_items(len(values) + len(added))
    values.extend(added)


def _insert(frame: Frame, values: list[Any], at: Any, item: Any) -> None:
    frame.spend(1 + (len(values) >> 4))
    values.insert(at, kept(frame, item))


def _remove(frame: Frame, values: list[Any], item: Any) -> None:
    del values[_index(frame, values, item)]


def _pop_item(frame: Frame, values: list[Any], at: Any = -1) -> Any:
    frame.spend(1 + (len(values) >> 4))
    return values.pop(at)


def _sort(frame: Frame, values: list[Any], *, reverse: Any = False) -> None:
    values[:] = put_in_order(frame, values, reverse=reverse)


def _reverse(frame: Frame, values: list[Any]) -> None:
    frame.spend(1 + len(values))
    values.reverse()


def _update(frame: Frame, mapping: dict[str, Any], more: Any) -> None:
    if not isinstance(more, Mapping):
        raise EvaluationFailed(f"update() takes a mapping, not a {type(more).__name__}")
    mapping.update(kept(frame, more))


def _set_default(frame: Frame, mapping: dict[str, Any], key: Any, value: Any = None) -> Any:
    return mapping.setdefault(_text_key(key), kept(frame, value))


def _pop_key(frame: Frame, mapping: dict[str, Any], key: Any, *default: Any) -> Any:
    return mapping.pop(key_of(key), *default)


def _text_key(key: Any) -> str:
    if type(key) is not str:
        raise EvaluationFailed(f"keys of a mapping that is kept are text, not {key!r}")
    return key


_TEXT: dict[str, Bounded] = {
    name: _of_text(name, least, most)
    for name, least, most in (
        ("capitalize", 0, 0),
        ("casefold", 0, 0),
        ("count", 1, 3),
        ("endswith", 1, 3),
        ("find", 1, 3),
        ("index", 1, 3),
        ("isalnum", 0, 0),
        ("isalpha", 0, 0),
        ("isdecimal", 0, 0),
        ("isdigit", 0, 0),
        ("islower", 0, 0),
        ("isspace", 0, 0),
        ("isupper", 0, 0),
        ("lower", 0, 0),
        ("lstrip", 0, 1),
        ("partition", 1, 1),
        ("removeprefix", 1, 1),
        ("removesuffix", 1, 1),
        ("rfind", 1, 3),
        ("rpartition", 1, 1),
        ("rstrip", 0, 1),
        ("startswith", 1, 3),
        ("strip", 0, 1),
        ("title", 0, 0),
        ("upper", 0, 0),
    )
}

METHODS: dict[type, dict[str, Bounded]] = {
    str: {
        **_TEXT,
        "join": Bounded(_join, 1, 1),
        "replace": Bounded(_replace, 2, 3),
        "split": Bounded(_split, 0, 2),
    },
    list: {
        "append": Bounded(_append, 1, 1),
        "clear": Bounded(lambda frame, values: values.clear()),
        "count": Bounded(_count, 1, 1),
        "extend": Bounded(_extend, 1, 1),
        "index": Bounded(_index, 1, 1),
        "insert": Bounded(_insert, 2, 2),
        "pop": Bounded(_pop_item, 0, 1),
        "remove": Bounded(_remove, 1, 1),
        "reverse": Bounded(_reverse),
        "sort": Bounded(_sort, 0, 0, frozenset({"reverse"})),
    },
    tuple: {"count": Bounded(_count, 1, 1), "index": Bounded(_index, 1, 1)},
    dict: {
        "clear": Bounded(lambda frame, mapping: mapping.clear()),
        "get": Bounded(
            lambda frame, mapping, key, value=None: mapping.get(key_of(key), value), 1, 2
        ),
        "items": _of_mapping(lambda mapping: mapping.items()),
        "keys": _of_mapping(lambda mapping: mapping.keys()),
        "pop": Bounded(_pop_key, 1, 2),
        "setdefault": Bounded(_set_default, 1, 2),
        "update": Bounded(_update, 1, 1),
        "values": _of_mapping(lambda mapping: mapping.values()),
    },
}

CHANGING: frozenset[str] = frozenset(
    {
        "append", "clear", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort",
        "update",
    }
)  # fmt: skip

NAMES: frozenset[str] = frozenset(name for methods in METHODS.values() for name in methods)
