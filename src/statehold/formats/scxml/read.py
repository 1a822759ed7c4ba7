"""An SCXML document as a machine: states, transitions and their content (SCXML 3)."""

from __future__ import annotations

import re
from typing import Any

from statehold.chart.machine import AMachine, Definition, Uses
from statehold.chart.model import (
    ROOT,
    Action,
    Block,
    Chart,
    Initial,
    Invoke,
    Policy,
    StateNode,
    Transition,
)
from statehold.chart.validate import place_of_state, place_of_transition, validate
from statehold.chart.values import Shape
from statehold.errors import DefinitionError, Problem
from statehold.expression.language import Language
from statehold.formats.notation import STATE_LIMIT, TRANSITION_LIMIT, Omission
from statehold.formats.scxml import datamodel
from statehold.formats.scxml.content import Content
from statehold.formats.scxml.document_set import DEPTH_LIMIT, DOCUMENTS_LIMIT, DocumentSet
from statehold.formats.scxml.executable import is_executable
from statehold.formats.scxml.expressions import Expressions
from statehold.formats.scxml.ids import Ids, states_of
from statehold.formats.scxml.invoking import Invoking
from statehold.formats.scxml.languages import LANGUAGES
from statehold.formats.scxml.markup import (
    SCXML_NAMESPACE,
    Element,
    canonical,
    is_scxml,
    line_of,
    parse,
    parts,
    qualified,
    refusal,
    tag,
    words,
)
from statehold.formats.scxml.payload import Payload
from statehold.formats.scxml.rendering import payload as rendered_payload
from statehold.formats.scxml.session import Run, Session, execution_error
from statehold.formats.scxml.triggers import events_of, guards_of, trigger_of
from statehold.formats.scxml.vocabulary import (
    check,
    check_content,
    first_expression,
)

#: SCXML's own rules throughout
POLICY = Policy(matching="token", errors="event", messages="session")
#: where a document names none
DEFAULT_DATAMODEL = "ecmascript"


def read_document(
    raw: bytes | str, documents: DocumentSet, name: str | None = None
) -> Definition[Any]:
    """The machine of a document; raises ``DefinitionError``."""
    return read_root(parse(raw, name or "scxml"), documents, name)


def read_root(root: Element, documents: DocumentSet, name: str | None) -> Definition[Any]:
    """The machine of a root element, which may be inside another document."""
    wanted = name or root.get("name") or "machine"
    if not is_scxml(root) or tag(root) != "scxml":
        message = f"its root element is {qualified(root)}"
        hint = f'an SCXML document begins with <scxml xmlns="{SCXML_NAMESPACE}">'
        raise refusal(wanted, message, hint, line_of(root))
    documents.read += 1
    if documents.read > DOCUMENTS_LIMIT:
        message = f"more than {DOCUMENTS_LIMIT} documents are invoked by one another"
        raise refusal(wanted, message, "invoke fewer")
    return _DocumentReader(root, documents, documents.name(wanted)).definition()


class _DocumentReader:
    """Reads one document."""

    def __init__(self, root: Element, documents: DocumentSet, name: str) -> None:
        self.root = root
        self.documents = documents
        self.name = name
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}
        self.states: list[StateNode] = []
        self.transitions: list[Transition] = []
        self.data = datamodel.all_of(root)
        self.late = root.get("binding") == "late"
        self.omissions = documents.omissions
        self.ids = Ids(root)
        expressions = Expressions(self._session(), self.omissions, self.problems, documents.text)
        self.content = Content(expressions, self.omissions)
        self.invokes: dict[str, str] = {}
        self.homes: dict[str, list[str]] = {}
        self.invoking = Invoking(
            self.content, root, documents, self.problems, self.read_source, self.read_inline
        )

    def _session(self) -> Session:
        language = datamodel.with_functions(
            self._language(), self.root, self.data, self.documents.text
        )
        for name, why in language.functions.items():
            if why:
                what = f"function {name!r}"
                why = f"{why}; it fails when it is called"
                self.omissions.append(Omission(what, "the root", why, line_of(self.root)))
        ids = [
            (id, owner)
            for data, owner in self.data
            if (id := data.get("id") or "") not in language.functions
        ]
        return Session(
            self.name,
            self.root.get("name") or "",
            language,
            frozenset(id for id, _ in ids if not id.startswith("_")),
            frozenset(id for id, owner in ids if owner is self.root and not id.startswith("_")),
            self.ids.anonymous,
        )

    def _language(self) -> Language:
        wanted = self.root.get("datamodel") or DEFAULT_DATAMODEL
        language = LANGUAGES.get(wanted)
        if language is not None:
            return language
        hint = f"the data models are {' and '.join(LANGUAGES)}; "
        message = f"the data model {wanted!r} is not supported"
        used = first_expression(self.root)
        chosen = self.documents.datamodel
        if used is not None:
            message += f", and line {line_of(used)} has an expression in it"
            hint += 'write its expressions in ECMAScript and name datamodel="ecmascript"'
        elif chosen is None:
            hint += (
                'no expression is in it, so datamodel="null" reads it '
                "(the notation scxml-null of a command)"
            )
        if used is not None or chosen is None:
            raise refusal(self.name, message, hint, line_of(self.root))
        why = f"it is {wanted!r}; no expression is in it, and it is read as {chosen!r}"
        self.documents.omissions.append(Omission("datamodel", "the root", why, line_of(self.root)))
        return LANGUAGES[chosen]

    # --- the whole ---

    def definition(self) -> Definition[Any]:
        check(self.content, self.root, "the root")
        count = sum(1 for _ in states_of(self.root))
        if count > STATE_LIMIT:
            message = f"it has {count} states; the limit is {STATE_LIMIT}"
            raise refusal(self.name, message, "split it into several machines")
        self._state(self.root, ROOT, None)
        if len(self.transitions) > TRANSITION_LIMIT:
            message = f"it has more than {TRANSITION_LIMIT} transitions"
            raise refusal(self.name, message, "split it into several machines")
        shape: Shape[Any] = Shape(dict[str, Any])
        schema = shape.schema()
        declared = sorted(self.content.session.declared)
        if declared:
            schema = {**schema, "properties": {id: {} for id in declared}}
        chart = Chart(
            self.name,
            self.documents.version,
            tuple(self.states),
            tuple(self.transitions),
            events_of(self.transitions),
            schema,
            POLICY,
            meta={"scxml": self._meta()},
        )
        problems = [*self.problems, *map(self._located, validate(chart))]
        if problems:
            raise DefinitionError(self.name, problems)
        return Definition(
            chart,
            shape,
            functions={name: known.function for name, known in self.content.known.items()},
            effects=self.invoking.effects,
            children=self.invoking.children,
            view=visible,
        )

    def _meta(self) -> dict[str, Any]:
        """What the chart has no field for, so that the document can be written again."""
        found: dict[str, Any] = {
            "datamodel": self.root.get("datamodel") or "",
            "content": {name: one.xml for name, one in self.content.known.items() if one.xml},
        }
        if self.root.get("name") is not None:
            found["name"] = self.root.get("name")
        if self.late:
            found["binding"] = "late"
        if self.homes:
            found["data"] = self.homes
        if self.invokes:
            found["invokes"] = self.invokes
        scripts = [canonical(script) for script in parts(self.root, "script")]
        if scripts:
            found["scripts"] = scripts
        return found

    def _located(self, problem: Problem) -> Problem:
        line = self.lines.get(problem.place)
        if line is None:
            return problem
        return Problem(f"line {line}, {problem.place}", problem.message, problem.hint)

    # --- states ---

    def _state(self, element: Element, id: str, parent: str | None) -> None:
        place = place_of_state(id)
        self.lines[place] = line_of(element)
        if element is not self.root:
            check(self.content, element, place)
        slot = len(self.states)
        kind = self._kind(element)
        entry, exit, invokes = self._entry_data(element, id, place), [], []
        self.states.append(StateNode(id, kind, parent))
        output = None
        for child in element:
            if not is_scxml(child):
                continue
            match tag(child):
                case "onentry":
                    entry.append(self._block(child, place))
                case "onexit":
                    exit.append(self._block(child, place))
                case "transition" if kind != "history":
                    self._transition(child, id, kind)
                case "invoke" if element is not self.root:
                    invoke = self._invoke(child, id)
                    invokes += [invoke] if invoke is not None else []
                case "donedata" if kind == "final":
                    output = self._output(child, place)
                case "state" | "parallel" | "final" | "history":
                    self._state(child, self.ids.of(child), id)
        self.states[slot] = StateNode(
            id,
            kind,
            parent,
            self._initial(element, kind, place),
            tuple(block for block in entry if block),
            tuple(block for block in exit if block),
            tuple(invokes),
            kind == "history" and element.get("type") == "deep",
            output,
        )

    def _kind(self, element: Element) -> Any:
        name = tag(element)
        if name in ("parallel", "final", "history"):
            return name
        inside = next(parts(element, "state", "parallel", "final"), None)
        return "compound" if inside is not None or element is self.root else "atomic"

    def _initial(self, element: Element, kind: str, place: str) -> Initial | None:
        if kind == "history":
            return self._default(element, place) or self._fallback(element, place)
        if kind != "compound":
            return None
        named = words(element, "initial")
        if named:
            return Initial(named)
        for initial in parts(element, "initial"):
            return self._default(initial, place)
        first = next(parts(element, "state", "parallel", "final"), None)
        return None if first is None else Initial((self.ids.of(first),))

    def _default(self, element: Element, place: str) -> Initial | None:
        """The transition of an ``<initial>`` or a ``<history>``."""
        for transition in parts(element, "transition"):
            check(self.content, transition, place)
            block = self._block(transition, place)
            return Initial(words(transition, "target"), (block,) if block else ())
        return None

    def _fallback(self, history: Element, place: str) -> Initial | None:
        """The default of a history state that has none: its parent's default entry."""
        parent = history.getparent()
        if parent is None or parent is self.root or not is_scxml(parent):
            return None
        kind = self._kind(parent)
        if kind == "parallel":
            regions = parts(parent, "state", "parallel")
            found: Initial | None = Initial(tuple(self.ids.of(region) for region in regions))
        else:
            found = self._initial(parent, kind, place) if kind == "compound" else None
        if found is None or not found.targets:
            return None
        targets = " ".join(found.targets)
        why = f"it is missing; while nothing is remembered it leads to {targets}"
        self.content.omit("<transition> of <history>", place, why, history)
        return Initial(found.targets)

    def _block(self, element: Element, place: str) -> Block:
        for child in element:
            if is_executable(child):
                check_content(self.content, child, place)
        return self.content.block(element, place)

    def _entry_data(self, element: Element, id: str, place: str) -> list[Block]:
        """The blocks that bind variables and run the document's scripts, before all others."""
        own = datamodel.own(element)
        if own:
            self.homes[id] = [canonical(data) for data in own]
        if element is not self.root:
            if not self.late:
                return []
            bind = datamodel.binding
            return [bind(self.content, data, place, given=False, late=True) for data in own]
        blocks = datamodel.starting(self.content, element, self.data, place, late=self.late)
        for script in parts(element, "script"):
            check_content(self.content, script, place)
            blocks.append((Action(self.content.action(script, place)),))
        return blocks

    def _output(self, element: Element, place: str) -> str | None:
        check(self.content, element, place)
        given = Payload(element, self.content.expressions, place)
        if not given:
            return None
        name = f"gives {rendered_payload(element)}"
        content = self.content

        def output(run: Run) -> Any:
            def report(param: Element, error: BaseException) -> None:
                event = execution_error(tag(param), [line_of(param)], name, error)
                run.step.raise_(event)

            return given.lenient(run, report)

        uses = Uses(reads=frozenset(given.reads))
        return content.function(name, canonical(element), element, output, uses)

    def _invoke(self, element: Element, state: str) -> Invoke | None:
        id = self.ids.invoke(element)
        invoke = self.invoking.invoke(element, state, id)
        if invoke is not None:
            self.invokes[id] = canonical(element)
        return invoke

    # --- transitions ---

    def _transition(self, element: Element, source: str, kind: str) -> None:
        events = words(element, "event")
        label = f"{source}.{' '.join(events) or 'always'}"
        id = self.ids.transition(label)
        place = place_of_transition(id)
        self.lines[place] = line_of(element)
        check(self.content, element, place)
        block = self._block(element, place)
        self.transitions.append(
            Transition(
                id,
                source,
                trigger_of(events, self.ids),
                words(element, "target"),
                guards_of(element, self.content, self.ids, place),
                (block,) if block else (),
                # SCXML 3.5: for compound sources alone
                element.get("type") == "internal" and kind == "compound",
            )
        )

    # --- other documents ---

    def read_source(self, source: str) -> AMachine:
        """The machine of another document, read once; raises ``LookupError``."""
        documents = self.documents
        name = source.removeprefix("file:")
        if name in documents.by_source:
            return documents.by_source[name]
        if name in documents.path:
            raise LookupError(f"{source!r} invokes itself, by way of others or at once")
        raw = documents.fetch(source)
        stem = re.sub(r"(\.txml)?\.\w+$", "", name.replace("\\", "/").rpartition("/")[2])
        root = parse(raw, name)
        documents.by_source[name] = definition = self._below(root, name, root.get("name") or stem)
        return definition

    def read_inline(self, root: Element, name: str) -> AMachine:
        return self._below(root, name, name)

    def _below(self, root: Element, step: str, name: str) -> Definition[Any]:
        documents = self.documents
        if len(documents.path) >= DEPTH_LIMIT:
            raise LookupError(f"documents invoke one another more than {DEPTH_LIMIT} deep")
        before = documents.path
        documents.path = (*before, step)
        try:
            return read_root(root, documents, name)
        finally:
            documents.path = before


def visible(data: dict[str, Any]) -> dict[str, Any]:
    """The variables, without those of the session itself."""
    return {name: value for name, value in data.items() if not name.startswith("_")}
