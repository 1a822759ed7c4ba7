"""Names for people: what screens, drawings and sentences call states, events and machines.

A label is a text that the notation gives. Where it gives none, one is made of the identifier, here
and nowhere else: what is sent to clients has all of them (:func:`labelled`). A label changes
nothing that a machine does, and a new one needs no new version.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from statehold.chart.model import ROOT, Chart, EventShape, StateNode

#: characters of a label
LABEL_LIMIT = 100

#: what stands between words
_GAPS = re.compile(r"[_\-\s]+")
#: characters that order the text around them: embeddings, overrides and isolates
_ORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def words_of(identifier: str) -> str:
    """``PickedUp`` and ``picked_up`` as words: ``Picked up``, ``picked up``.

    The first word stays as it is written, later ones begin with a small letter, and words in
    capitals stay: ``HTTPError`` is ``HTTP error``. Dots stay, too.
    """
    words = [word for part in _GAPS.split(identifier) for word in _humps(part) if word]
    return " ".join([*words[:1], *map(_small, words[1:])]) or identifier


def _humps(text: str) -> Iterator[str]:
    """A capital begins a word after a small letter or a digit, and before a small one: PickedUp,
    HTTPError, Step2Done."""
    begin = 0
    for place in range(1, len(text)):
        before, after = text[place - 1], text[place + 1 : place + 2]
        if text[place].isupper() and (
            before.islower() or (after.islower() and (before.isupper() or before.isdigit()))
        ):
            yield text[begin:place]
            begin = place
    yield text[begin:]


def _small(word: str) -> str:
    return word if len(word) > 1 and word.isupper() else word[:1].lower() + word[1:]


def label_fault(label: Any) -> tuple[str, str] | None:
    """Why it can't be a label, and what to do; None if it can. An empty text stands for none."""
    if not isinstance(label, str):
        return f"its label is {label!r}", "a label is a text"
    if len(label) > LABEL_LIMIT:
        return (
            f"its label has {len(label)} characters; the limit is {LABEL_LIMIT}",
            "shorten it; doc has room for more",
        )
    if label != label.strip() or (label and not any(map(_is_seen, label))):
        return f"its label is {label!r}", "begin and end it with a letter, or leave it out"
    for character in label:
        # lines and tabs would break tables and drawings; the others reorder what stands beside them
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _ORDERING:
            return (
                f"its label has the character U+{ord(character):04X}",
                "a label is one line, without control characters",
            )
    return None


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CMZ"


def state_label(chart: Chart, state: StateNode) -> str:
    if state.id == ROOT:
        return machine_label(chart)
    return state.label or words_of(own_name(state))


def event_label(event: EventShape) -> str:
    return event.label or words_of(event.name)


def machine_label(chart: Chart) -> str:
    return chart.label or words_of(chart.name)


def own_name(state: StateNode) -> str:
    """The last part of a path, if its first part is the parent's; else the whole id."""
    return state.id.removeprefix(f"{state.parent}.") if state.parent else state.id


def event_labels(chart: Chart) -> dict[str, str]:
    """The labels of the declared events by their names. Others are shown by their names: charts of
    some notations declare none and match parts of names."""
    return {event.name: event_label(event) for event in chart.events}


def labelled(chart: Chart) -> Chart:
    """The chart with a label at each state and event, and its own."""
    return replace(
        chart,
        states=tuple(replace(one, label=state_label(chart, one)) for one in chart.states),
        events=tuple(replace(one, label=event_label(one)) for one in chart.events),
        label=machine_label(chart),
    )


class Names:
    """What one chart's states and events are called in sentences."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._states = {state.id: state for state in chart.states}
        self._events = event_labels(chart)

    def event(self, name: str) -> str:
        return self._events.get(name, name)

    def state(self, id: str) -> str:
        state = self._states.get(id)
        return id if state is None else state_label(self._chart, state)

    def path(self, id: str) -> str:
        """With the states around it, as a name is unique only there: ``kitchen / cooking``."""
        found, above = [self.state(id)], self._states.get(id)
        while above is not None and above.parent:
            found.append(self.state(above.parent))
            above = self._states.get(above.parent)
        return " / ".join(reversed(found))


def isolated(text: str) -> str:
    """For a place in a line of text: letters that are written from right to left would reorder what
    follows them there."""
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return f"\u2068{text}\u2069"
    return text
