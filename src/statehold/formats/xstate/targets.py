"""The states that a target names, as seen from the state that it stands in."""

from __future__ import annotations

from typing import Any

from statehold.formats.xstate.findings import kind_of, shorten
from statehold.formats.xstate.source_document import SourceDocument
from statehold.formats.xstate.state_index import SourceState

#: targets of one transition
TARGET_LIMIT = 64


def targets_of(
    document: SourceDocument, source: SourceState, given: Any, place: str
) -> tuple[SourceState, ...]:
    found: dict[SourceState, None] = {}
    texts = given if isinstance(given, list) else [given]
    if len(texts) > TARGET_LIMIT:
        message = f"it names {len(texts)} states; the limit is {TARGET_LIMIT}"
        document.findings.complain(place, message, "name a parallel state")
        return ()
    for text in texts:
        if not isinstance(text, str) or not text:
            document.findings.complain(place, f"it is {kind_of(text)}", "a target is a string")
            continue
        target = document.index.target(source, text)
        if target is None:
            document.findings.complain(
                place,
                f"there is no state {shorten(text)!r} as seen from {source.id or 'the root'}",
                "write sibling, .child, or #id",
            )
        elif target.parent is None:
            # the root is never left: to go there is to begin again
            first = document.index.first_states
            for state in target.states if target.kind == "parallel" else first(target):
                found[state] = None
        else:
            found[target] = None
    return tuple(found)
