"""Values are read, written and copied as their types say; copies share nothing that can change."""

from __future__ import annotations

import copy
import enum
import functools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple, NewType

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, create_model
from typing_extensions import TypedDict

from statehold.chart.values import Shape
from statehold.errors import InvalidPayload

Name = NewType("Name", str)


class Colour(enum.Enum):
    RED = "red"


class Flat(BaseModel):
    a: int = 0
    b: str | None = None
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    colour: Colour = Colour.RED
    kind: Literal["x", "y"] = "x"
    name: Name = Name("n")


class Line(BaseModel):
    sku: str
    notes: list[str] = Field(default_factory=list)


class Fixed(BaseModel):
    model_config = ConfigDict(frozen=True)
    sku: str
    parts: tuple[str, ...] = ()


class FixedAround(BaseModel):
    model_config = ConfigDict(frozen=True)
    fixed: Fixed
    notes: list[str] = []


class Basket(BaseModel):
    first: Line
    second: Line
    lines: list[Line] = []
    by_sku: dict[str, Line] = {}
    tags: set[str] = set()
    maybe: Line | None = None
    either: Line | list[str] = []
    anything: Any = None
    fixed: Fixed = Fixed(sku="f")
    many_fixed: list[Fixed] = []
    pairs: tuple[Line, ...] = ()
    deep: dict[str, list[dict[str, list[int]]]] = {}
    annotated: Annotated[list[int], Field(max_length=9)] = []
    plain: list = []  # type: ignore[type-arg]
    json_value: JsonValue = None


class Tree(BaseModel):
    name: str
    children: list[Tree] = []
    by_name: dict[str, Tree] = {}
    parent: Tree | None = None


class FrozenTree(BaseModel):
    model_config = ConfigDict(frozen=True)
    children: tuple[FrozenTree, ...] = ()


@dataclass
class Plain:
    n: int
    words: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FrozenPlain:
    n: int
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class FrozenHolder:
    words: list[str]


@dataclass(slots=True)
class Slotted:
    n: int
    words: list[str] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class FrozenSlotted:
    words: list[str]


@dataclass
class SlotsBelow(Slotted):
    more: list[str] = field(default_factory=list)


class Point(NamedTuple):
    x: int
    words: list[str]


class Record(TypedDict):
    n: int
    words: list[str]


def shape_of(type_: Any) -> Shape[Any]:
    return Shape(type_)


def basket() -> Basket:
    def line() -> Line:
        return Line(sku="s", notes=["n"])

    return Basket(
        first=line(),
        second=line(),
        lines=[line()],
        by_sku={"s": line()},
        tags={"t"},
        maybe=line(),
        either=line(),
        anything={"k": [line(), {"z"}]},
        many_fixed=[Fixed(sku="f")],
        pairs=(line(),),
        deep={"a": [{"b": [1]}]},
        annotated=[1],
        plain=[[1]],
        json_value={"a": [1, {"b": []}]},
    )


def mutable_parts(value: Any) -> dict[int, Any]:
    """Every object below the value that can be changed, by identity; an independent auditor."""
    found: dict[int, Any] = {}

    def walk(part: Any) -> None:
        if id(part) in found:
            return
        if isinstance(part, dict):
            found[id(part)] = part
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list | set):
            found[id(part)] = part
            for inner in part:
                walk(inner)
        elif isinstance(part, tuple | frozenset):
            for inner in part:
                walk(inner)
        elif isinstance(part, BaseModel):
            if not part.model_config.get("frozen"):
                found[id(part)] = part
            for inner in (part.__dict__, part.__pydantic_extra__, part.__pydantic_private__):
                for member in (inner or {}).values():
                    walk(member)
        elif hasattr(part, "__dataclass_fields__"):
            if not type(part).__dataclass_params__.frozen:
                found[id(part)] = part
            for name in part.__dataclass_fields__:
                walk(getattr(part, name))

    walk(value)
    return found


def assert_apart(type_: Any, value: Any) -> Any:
    before = copy.deepcopy(value)
    twin = shape_of(type_).copy(value)
    assert twin == value == before
    assert type(twin) is type(value)
    shared = mutable_parts(value).keys() & mutable_parts(twin).keys()
    assert not shared, [mutable_parts(value)[part] for part in shared]
    return twin


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Flat, Flat(a=3)),
        (Basket, basket()),
        (Tree, Tree(name="r", children=[Tree(name="c", by_name={"x": Tree(name="x")})])),
        (Plain, Plain(1, ["w"])),
        (FrozenHolder, FrozenHolder(["w"])),
        (FixedAround, FixedAround(fixed=Fixed(sku="f"), notes=["n"])),
        (Slotted, Slotted(1, ["w"])),
        (FrozenSlotted, FrozenSlotted(["w"])),
        (SlotsBelow, SlotsBelow(1, ["w"], ["m"])),
        (Point, Point(1, ["w"])),
        (Record, {"n": 1, "words": ["w"]}),
        (dict[str, Any], {"a": [{"b": {1}}], "c": ([],)}),
        (list[Line] | None, [Line(sku="s", notes=["n"])]),
        (tuple[Line, int], (Line(sku="s"), 1)),
        (set[int], {1}),
        (Any, {"a": [Plain(1, ["w"])]}),
        (JsonValue, {"a": [1, {"b": []}]}),
        (defaultdict[str, list[int]], defaultdict(list, {"a": [1]})),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_a_copy_is_equal_and_shares_nothing_that_can_change(type_: Any, value: Any) -> None:
    assert_apart(type_, value)


def test_the_auditor_sees_a_shared_list() -> None:
    value = basket()
    twin = value.model_copy()
    assert mutable_parts(value).keys() & mutable_parts(twin).keys()


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Fixed, Fixed(sku="f", parts=("a",))),
        (FrozenTree, FrozenTree(children=(FrozenTree(),))),
        (FrozenPlain, FrozenPlain(1, ("a",))),
        (int, 3),
        (None, None),
        (tuple[str, ...], ("a",)),
        (Colour, Colour.RED),
        (Fixed | None, Fixed(sku="f")),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_can_not_change_is_shared(type_: Any, value: Any) -> None:
    assert shape_of(type_).copy(value) is value


def test_frozen_items_are_shared_between_copies_of_their_list() -> None:
    value = [Fixed(sku="f")]
    twin = shape_of(list[Fixed]).copy(value)
    assert twin is not value
    assert twin[0] is value[0]


def test_a_subclass_in_a_field_is_copied_with_its_own_mutable_fields() -> None:
    class Holder(BaseModel):
        line: Line
        lines: list[Line] = []

    shape = shape_of(Holder)

    class Special(Line):
        extras: list[str] = []

    line = Special(sku="s", extras=["e"])
    value = Holder(line=line, lines=[line])
    twin = shape.copy(value)
    assert isinstance(twin.line, Special)
    assert twin.line.extras == ["e"]
    assert twin.line.extras is not line.extras
    assert isinstance(twin.lines[0], Special)
    assert twin.lines[0].extras is not line.extras


def test_a_mutable_subclass_of_a_frozen_class_is_copied_even_if_declared_later() -> None:
    class Base(BaseModel):
        model_config = ConfigDict(frozen=True)
        n: int = 0

    class Holder(BaseModel):
        one: Base
        many: list[Base] = []
        maybe: Base | None = None
        pair: tuple[Base, ...] = ()

    shape = shape_of(Holder)

    class Loose(Base):
        words: list[str] = Field(default_factory=list)

    value = Holder(one=Loose(), many=[Loose()], maybe=Loose(), pair=(Loose(),))
    twin = shape.copy(value)
    assert not mutable_parts(value).keys() & mutable_parts(twin).keys()
    assert twin == value


def test_a_subclass_of_the_data_itself_is_copied_whole() -> None:
    class Special(Line):
        extras: list[str] = []

    value = Special(sku="s", extras=["e"])
    twin = shape_of(Line).copy(value)
    assert isinstance(twin, Special)
    assert twin.extras is not value.extras


def test_a_dataclass_in_the_place_of_its_base_is_copied_whole() -> None:
    @dataclass
    class Wide(Plain):
        more: list[str] = field(default_factory=list)

    value = Wide(1, ["w"], ["m"])
    twin = shape_of(Plain).copy(value)
    assert twin == value
    assert twin.more is not value.more


def test_fields_set_are_remembered_apart() -> None:
    value = Flat(a=1)
    twin = shape_of(Flat).copy(value)
    twin.b = "changed"
    assert value.model_fields_set == {"a"}
    assert twin.model_fields_set == {"a", "b"}


def test_extra_fields_and_private_attributes_are_copied_apart() -> None:
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")
        n: int = 0
        _seen: list[str] = PrivateAttr(default_factory=list)

    value = Open(n=1, more=["m"])  # type: ignore[call-arg]
    value._seen.append("s")
    twin = shape_of(Open).copy(value)
    assert twin == value
    assert twin.__pydantic_extra__ == {"more": ["m"]}
    assert not mutable_parts(value).keys() & mutable_parts(twin).keys()
    twin._seen.append("t")
    assert value._seen == ["s"]


def test_a_remembered_property_is_computed_anew_in_a_copy_that_changed() -> None:
    class Counted(BaseModel):
        words: list[str]

        @functools.cached_property
        def count(self) -> int:
            return len(self.words)

    value = Counted(words=["a"])
    assert value.count == 1
    twin = shape_of(Counted).copy(value)
    twin.words.append("b")
    assert twin.count == 2


def test_a_class_with_a_copy_method_of_its_own_is_copied_by_it() -> None:
    class Own(BaseModel):
        n: int = 0

        def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Own:
            return Own(n=self.n + 100)

    class Holder(BaseModel):
        own: Own

    assert shape_of(Holder).copy(Holder(own=Own(n=1))).own.n == 101


def test_a_dataclass_that_is_also_a_list_keeps_its_items() -> None:
    @dataclass
    class Bag(list[int]):
        label: str = ""

    value = Bag("b")
    value.append(1)
    twin = shape_of(Any).copy(value)
    assert list(twin) == [1]
    assert twin is not value


def test_a_model_built_without_all_its_fields_can_be_copied() -> None:
    value = Line.model_construct(sku="s")
    del value.__dict__["notes"]
    assert shape_of(Line).copy(value).sku == "s"


def test_a_field_whose_name_is_no_identifier_is_copied() -> None:
    fields: Any = {"the items": (list[int], [])}
    model: Any = create_model("Odd", **fields)
    value = model(**{"the items": [1]})
    twin = shape_of(model).copy(value)
    assert twin == value
    assert getattr(twin, "the items") is not getattr(value, "the items")


def test_a_field_whose_name_only_pydantic_resolves_is_copied_by_its_value() -> None:
    class Inner(BaseModel):
        words: list[str]

    @dataclass
    class Outer:
        inner: Inner
        words: list[str]

    # annotations are strings here and Inner is local, so they can't be resolved
    shape = shape_of(Any)
    value = Outer(Inner(words=["w"]), ["w"])
    twin = shape.copy(value)
    assert twin == value
    assert twin.inner.words is not value.inner.words
    assert twin.words is not value.words


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(json_values)
def test_any_nesting_of_plain_values_is_copied_apart(value: Any) -> None:
    assert_apart(Any, value)


# --- reading and writing ---------------------------------------------------------------------


def test_what_was_dumped_parses_to_an_equal_value() -> None:
    shape = shape_of(Basket)
    value = Basket(first=Line(sku="a"), second=Line(sku="b"), tags={"t"})
    assert shape.parse(shape.dump(value)) == value


def test_a_wrong_field_is_named_with_its_place() -> None:
    with pytest.raises(InvalidPayload) as caught:
        shape_of(Basket).parse(b'{"first": {"sku": 1}, "second": {"sku": "b"}}', "event X")
    assert list(caught.value.fields) == ["first.sku"]
    assert "event X" in str(caught.value)


def test_bytes_that_are_no_json_are_refused() -> None:
    with pytest.raises(InvalidPayload):
        shape_of(Flat).parse(b"{")


def test_plain_data_is_checked_and_becomes_a_value() -> None:
    assert shape_of(Flat).check({"a": 4}).a == 4
    with pytest.raises(InvalidPayload, match="a: "):
        shape_of(Flat).check({"a": "four"})


def test_a_value_that_left_its_type_can_not_be_dumped() -> None:
    value = Flat()
    value.a = "not a number"  # type: ignore[assignment]
    with pytest.raises(InvalidPayload):
        shape_of(Flat).dump(value)


def test_a_value_that_holds_itself_can_not_be_dumped() -> None:
    value: dict[str, Any] = {}
    value["self"] = value
    with pytest.raises(InvalidPayload):
        shape_of(dict[str, Any]).dump(value)


def test_the_schema_describes_the_stored_form() -> None:
    assert shape_of(Flat).schema()["properties"]["a"]["type"] == "integer"


def test_a_type_that_pydantic_can_not_use_is_refused_at_once() -> None:
    class Opaque:
        pass

    with pytest.raises(pydantic.PydanticUserError):
        shape_of(Opaque)
