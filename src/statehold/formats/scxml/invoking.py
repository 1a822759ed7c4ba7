"""``<invoke>``: child machines, from other documents, inline ones and what the server offers.

An engine gets its machines at the start, so every document that may be invoked is read with its
parent.
Where the document is known only when it is invoked (``srcexpr``, ``<content expr>``), the
candidates are those that the parent itself names: inline documents in its data, and texts in its
expressions that name one that can be had. Anything else is an error when it is invoked, as SCXML
has it (6.4.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from statehold.chart.machine import AMachine, Uses
from statehold.chart.model import Action, Block, Invoke
from statehold.errors import DefinitionError, Problem
from statehold.formats.scxml.content import Content
from statehold.formats.scxml.document_set import DocumentSet
from statehold.formats.scxml.markup import Element, canonical, is_scxml, line_of, parts, tag
from statehold.formats.scxml.payload import Payload
from statehold.formats.scxml.rendering import payload as rendered_payload
from statehold.formats.scxml.session import INVOKE_TYPES, Run, fails
from statehold.formats.scxml.vocabulary import check

#: how ``src`` names a machine or an effect that the server offers
MACHINE_PREFIX = "machine:"
EFFECT_PREFIX = "effect:"

_SOURCES = re.compile(r"""['"]((?:file:)?[\w./-]+\.(?:scxml|xml))['"]""")


class Invoking:
    """Reads the invokes of one document; ``children`` and ``effects`` are what they start.

    ``read_source`` reads the document of a name, ``read_inline`` one that stands in this one.
    """

    def __init__(
        self,
        content: Content,
        root: Element,
        documents: DocumentSet,
        problems: list[Problem],
        read_source: Callable[[str], AMachine],
        read_inline: Callable[[Element, str], AMachine],
    ) -> None:
        self.content = content
        self.root = root
        self.documents = documents
        self.problems = problems
        self.read_source = read_source
        self.read_inline = read_inline
        self.children: dict[str, AMachine] = {}
        self.effects: dict[str, Any] = {}
        self._by_text: dict[str, str] | None = None
        self._by_source: dict[str, str] | None = None

    def invoke(self, element: Element, state: str, id: str) -> Invoke | None:
        """One invoke; None, with a problem or an omission reported, where it could not be read."""
        place = f"state {state}"
        check(self.content, element, place)
        source = element.get("src") or ""
        if source.startswith(EFFECT_PREFIX):
            return self._effect(element, place, id, source.removeprefix(EFFECT_PREFIX))
        name, choice = self._what(element, place, id)
        if name is None:
            return None
        given = Payload(element, self.content.expressions, place, content=False)
        return Invoke(
            id,
            name,
            "machine",
            self._input(element, given),
            self._finalize(element, place, given),
            element.get("autoforward") == "true",
            choice,
            self._before(element, place, id),
        )

    # --- the machine or effect ---

    def _effect(self, element: Element, place: str, id: str, name: str) -> Invoke | None:
        effect = self.documents.offered.effects.get(name)
        if effect is None:
            known = ", ".join(sorted(self.documents.offered.effects)) or "none"
            self._complain(
                element, place, f"no effect {name!r} is offered; those that are: {known}"
            )
            return None
        self.effects[effect.name] = effect
        for more in ("namelist", "autoforward", "idlocation"):
            if more in element.attrib:
                why = "an effect gets the whole data, and no events"
                self.content.omit(f"attribute {more} of <invoke>", place, why, element)
        return Invoke(id, effect.name, finalize=self._finalize(element, place, None))

    def _what(self, element: Element, place: str, id: str) -> tuple[str | None, str | None]:
        """The machine's name, and the function that chooses one where that is not yet known."""
        kind = element.get("type") or ""
        if kind not in INVOKE_TYPES:
            why = "only SCXML documents can be invoked; it is an error when it is"
            self.content.omit(f"type {kind!r} of <invoke>", place, why, element)
            return kind, self._never(element, f"type {kind!r}", f"nothing of type {kind!r} can run")
        name = self._static(element, place, id)
        if name is None and self._is_dynamic(element):
            return self._dynamic(element, place, id)
        if name is None:
            if "src" not in element.attrib and next(parts(element, "content"), None) is None:
                self.content.omit("<invoke>", place, "it names no document", element)
            shown = element.get("src") or id
            return shown, self._never(element, shown, "its document is not here")
        if element.get("typeexpr") is None:
            return name, None
        return name, self._checked(element, place, name)

    def _static(self, element: Element, place: str, id: str) -> str | None:
        """The machine that the text itself names."""
        source = element.get("src")
        try:
            if source is not None and source.startswith(MACHINE_PREFIX):
                return self._offered(element, place, source.removeprefix(MACHINE_PREFIX))
            if source is not None:
                return self._keep(self.read_source(source))
            for document in _documents(element):
                own = document.get("name") or f"{self.content.session.machine}-{id}"
                return self._keep(self.read_inline(document, own))
        except LookupError as error:
            self.content.omit("src of <invoke>", place, str(error.args[0]), element)
        except DefinitionError as error:
            self._adopt(error, element, place)
        return None

    def _offered(self, element: Element, place: str, name: str) -> str | None:
        machine = self.documents.offered.machines.get(name)
        if machine is None:
            known = ", ".join(sorted(self.documents.offered.machines)) or "none"
            self._complain(
                element, place, f"no machine {name!r} is offered; those that are: {known}"
            )
            return None
        return self._keep(machine)

    def _keep(self, machine: AMachine) -> str:
        name = machine.definition.name
        self.children[name] = machine
        return name

    # --- machines that are chosen at run time ---

    def _is_dynamic(self, element: Element) -> bool:
        return element.get("srcexpr") is not None or any(
            content.get("expr") is not None for content in parts(element, "content")
        )

    def _dynamic(self, element: Element, place: str, id: str) -> tuple[str | None, str | None]:
        by_source = element.get("srcexpr") is not None
        holder, attribute = element, "srcexpr"
        if not by_source:
            holder, attribute = next(parts(element, "content")), "expr"
        text = holder.get(attribute) or ""
        expression = self.content.expressions.read(text, attribute, place, holder)
        known = self._sources(place) if by_source else self._texts(place)
        if not known:
            why = "which document it is, is known only when it runs, and none is named here"
            self.content.omit(f"{attribute} of <{tag(holder)}>", place, why, holder)
        check_type = self._type(element, place)

        def choose(run: Run) -> str:
            check_type(run)
            value = expression(run.scope)
            wanted = value.removeprefix("file:") if isinstance(value, str) else ""
            if wanted not in known:
                raise fails(text, "it gives no document that was read with this one")
            return known[wanted]

        shown = f"machine of {text.strip()}"
        kind = (element.get("typeexpr") or "").strip()
        name = f"{shown} of type ({kind})" if kind else shown
        uses = Uses(reads=expression.reads)
        return shown, self.content.function(name, canonical(element), element, choose, uses)

    def _checked(self, element: Element, place: str, name: str) -> str:
        check_type = self._type(element, place)

        def choose(run: Run) -> str:
            check_type(run)
            return name

        label = f"{name} of type ({(element.get('typeexpr') or '').strip()})"
        return self.content.function(label, canonical(element), element, choose, Uses())

    def _type(self, element: Element, place: str) -> Callable[[Run], None]:
        if element.get("typeexpr") is None:
            return lambda run: None
        text = element.get("typeexpr") or ""
        expression = self.content.expressions.read(text, "typeexpr", place, element)

        def check_type(run: Run) -> None:
            kind = expression(run.scope)
            if kind not in INVOKE_TYPES:
                raise fails(text, f"nothing of type {kind!r} can be invoked")

        return check_type

    def _never(self, element: Element, shown: str, why: str) -> str:
        def fail(run: Run) -> str:
            raise fails("<invoke>", why)

        return self.content.function(f"no {shown}", canonical(element), element, fail, Uses())

    def _texts(self, place: str) -> dict[str, str]:
        """Machines by the text of inline documents in the data model and in assignments."""
        if self._by_text is None:
            self._by_text = {}
            for holder in _holders(self.root):
                for document in parts(holder, "scxml"):
                    text = canonical(document)
                    if text not in self._by_text:
                        own = document.get("name") or f"{self.content.session.machine}-document"
                        try:
                            self._by_text[text] = self._keep(self.read_inline(document, own))
                        except DefinitionError as error:
                            why = "; ".join(str(problem) for problem in error.problems)
                            self.content.omit("<scxml>", place, why, document)
        return self._by_text

    def _sources(self, place: str) -> dict[str, str]:
        """Machines by the names of documents that expressions hold."""
        if self._by_source is None:
            self._by_source = {}
            for element in _all(self.root):
                for text in map(str, element.attrib.values()):
                    for source in _SOURCES.findall(text):
                        self._try_source(source, element, place, self._by_source)
        return self._by_source

    def _try_source(self, source: str, element: Element, place: str, found: dict[str, str]) -> None:
        name = source.removeprefix("file:")
        if name in found:
            return
        try:
            found[name] = self._keep(self.read_source(source))
        except LookupError as error:
            self.content.omit(f"document {source!r}", place, str(error.args[0]), element)
        except DefinitionError as error:
            why = "; ".join(str(problem) for problem in error.problems)
            self.content.omit(f"document {source!r}", place, why, element)

    # --- input and finalize ---

    def _input(self, element: Element, given: Payload) -> str | None:
        if not given:
            return None
        name = rendered_payload(_without_content(element))
        uses = Uses(reads=frozenset(given.reads))
        return self.content.function(name, name, element, given.strict, uses)

    def _finalize(self, element: Element, place: str, given: Payload | None) -> Block:
        for finalize in parts(element, "finalize"):
            block = self.content.block(finalize, place)
            if block or given is None or not given.locations or len(finalize):
                return block
            return (self._write_back(finalize, place, given),)
        return ()

    def _write_back(self, finalize: Element, place: str, given: Payload) -> Action:
        """An empty ``<finalize>`` takes back what was handed on by location (SCXML 6.5.2)."""
        places = [
            (name, self.content.expressions.location_of(text, "location", place, finalize))
            for name, text in given.locations
        ]
        label = f"take back {', '.join(text for _, text in given.locations)}"

        def do(run: Run) -> None:
            data = run.scope.system["_event"]["data"]
            if isinstance(data, dict):
                for name, location in places:
                    if name in data:
                        location.assign(run.scope, data[name])

        uses = Uses(writes=frozenset(location.name for _, location in places))
        return self.content.step(label, label, finalize, do, uses)

    def _before(self, element: Element, place: str, id: str) -> Block:
        if element.get("idlocation") is None:
            return ()
        location = self.content.expressions.location(element, "idlocation", place)

        def do(run: Run) -> None:
            location.assign(run.scope, run.invoke_id(id))

        label = f"{location.text} = the id {id}"
        uses = Uses(writes=frozenset({location.name}))
        return (self.content.step(label, label, element, do, uses),)

    # --- problems ---

    def _complain(self, element: Element, place: str, message: str) -> None:
        line = f"line {line_of(element)}, {place}"
        self.problems.append(Problem(line, message, "offer it, or name another"))

    def _adopt(self, error: DefinitionError, element: Element, place: str) -> None:
        line = f"line {line_of(element)}, {place}, invoked {error.machine}"
        self.problems += [
            Problem(f"{line}: {one.place}", one.message, one.hint) for one in error.problems
        ]


def _documents(element: Element) -> Iterator[Element]:
    for content in parts(element, "content"):
        yield from parts(content, "scxml")


def _all(root: Element) -> Iterator[Element]:
    """The elements of a document, without those of documents inside it."""
    pending = list(root)
    while pending:
        element = pending.pop(0)
        yield element
        if not (is_scxml(element) and tag(element) == "scxml"):
            pending[:0] = list(element)


def _holders(root: Element) -> Iterator[Element]:
    return (one for one in _all(root) if is_scxml(one) and tag(one) in ("data", "assign"))


def _without_content(element: Element) -> Element:
    """A copy without the document that it invokes, for its name."""
    twin = deepcopy(element)
    for content in list(parts(twin, "content")):
        twin.remove(content)
    return twin
