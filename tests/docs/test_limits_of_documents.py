"""The table of limits of documents has the numbers that hold."""

from __future__ import annotations

from pathlib import Path

from statehold.expression import allowance, frame, pattern
from statehold.expression.cel import cost
from statehold.expression.language import EXPRESSION_LIMIT
from statehold.formats.native import functions, types
from statehold.formats.native.read import EVENT_LIMIT
from statehold.formats.native.transitions import ACTION_LIMIT
from statehold.formats.notation import DOCUMENT_LIMIT
from statehold.plain import values

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "limits.md").read_text(encoding="utf-8")


def test_each_limit_of_documents_is_in_the_reference() -> None:
    table = TEXT.partition("## Of documents")[2]
    rows = {
        "bytes of a document": (DOCUMENT_LIMIT,),
        "levels of mappings and lists; values": (values.DEPTH_LIMIT, values.NODE_LIMIT),
        "actions of all transitions, at each of their sources": (ACTION_LIMIT,),
        "characters of an expression; of all expressions": (
            EXPRESSION_LIMIT,
            functions.EXPRESSIONS_LIMIT,
        ),
        "characters of a pattern; different patterns in types": (
            pattern.PATTERN_LIMIT,
            types.PATTERNS_LIMIT,
        ),
        "instructions that a pattern is compiled to": (pattern.PROGRAM_LIMIT,),
        "instructions times bytes of text, in one validation": (pattern.MATCH_LIMIT,),
        "units of work of one CEL evaluation, some 50 ns each": (cost.WORK_LIMIT,),
        "units of work of one ECMAScript evaluation, some 0.4 µs each": (frame.WORK_LIMIT,),
        "units of work of one step, some 0.15 µs each": (allowance.STEP_WORK_LIMIT,),
        "units of work of one answer": (allowance.ANSWER_WORK_LIMIT,),
    }
    for what, numbers in rows.items():
        assert f"| {what} | {'; '.join(f'{number:,}' for number in numbers)} |" in table
    assert f"; {EVENT_LIMIT:,}; {types.PROPERTY_LIMIT:,} |" in table
