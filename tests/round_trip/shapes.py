"""Types as people declare them, with values that an action may leave in them.

Many of the values are not of their type, or lose something on their way through JSON: each has to
come back as it was, or to be refused by the name of its field.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import ipaddress
import pathlib
import uuid
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar, cast
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Discriminator,
    Field,
    Json,
    JsonValue,
    PlainSerializer,
    PrivateAttr,
    RootModel,
    SecretStr,
    StringConstraints,
    Tag,
    ValidationInfo,
    WrapSerializer,
    computed_field,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

T = TypeVar("T")


class Shaped(NamedTuple):
    """``refused``: the type alone shows that nothing comes back, so no machine is made with it."""

    type: Any
    values: SearchStrategy[Any]
    refused: bool = False


# --- records -----------------------------------------------------------------------------------


class Plain(BaseModel):
    n: int = 0
    text: str = ""
    yes: bool = False
    names: list[str] = []


class Aliased(BaseModel):
    restaurant_name: str = Field(default="", alias="restaurantName")
    model_config = ConfigDict(populate_by_name=True)


class OnlyAliased(BaseModel):
    name: str = Field(alias="n")


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
    prep_minutes: int | None = None


class ReadOtherwise(BaseModel):
    a: int = Field(default=0, validation_alias="A")
    b: int = Field(default=0, serialization_alias="B")
    c: int = Field(default=0, validation_alias=AliasPath("x", "y"))
    d: int = Field(default=0, validation_alias=AliasChoices("d1", "d2"))


class Swapped(BaseModel):
    a: int = Field(default=1, alias="b")
    b: int = Field(default=2, alias="a")


class OneName(BaseModel):
    a: int = Field(default=1, alias="same")
    b: int = Field(default=2, alias="same")


class Computed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int = 1

    @computed_field  # type: ignore[prop-decorator]
    @property
    def twice(self) -> int:
        return 2 * self.a


class ComputedNumber(BaseModel):
    a: int = 1

    @computed_field  # type: ignore[prop-decorator]
    @property
    def share(self) -> float:
        return 1 / self.a if self.a else float("nan")


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    n: int = 0


class Private(BaseModel):
    n: int = 0
    _seen: list[int] = PrivateAttr(default_factory=list)


class Payment(BaseModel):
    amount: int = 0


class Card(Payment):
    last4: str = "4242"


class Order(BaseModel):
    payment: Payment | None = None
    payments: list[Payment] = []
    by_name: dict[str, Payment] = {}


class Alike:
    """Has the attributes of a payment and is none."""

    amount = 1

    def __init__(self) -> None:
        self.amount = 1


class Box(BaseModel, Generic[T]):
    item: T


class Names(RootModel[list[str]]):
    pass


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)
    n: int = 0


class Tree(BaseModel):
    name: str = ""
    below: list[Tree] = []


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    tricks: list[str] = []


class Settings(BaseModel):
    """Settings that write values in other ways."""

    model_config = ConfigDict(ser_json_inf_nan="strings", ser_json_timedelta="float")
    ratio: float = 0.0
    wait: dt.timedelta = dt.timedelta()


class Constants(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")
    ratio: float = 0.0


class Trimmed(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    text: str = ""


@dataclasses.dataclass
class Sum:
    a: int = 0
    total: int = dataclasses.field(init=False, default=7)


@dataclasses.dataclass
class Doubled:
    a: int = 0
    double: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.double = self.a * 2


@dataclasses.dataclass
class Growing:
    a: int = 0

    def __post_init__(self) -> None:
        self.a += 1


@dataclasses.dataclass(slots=True)
class Slotted:
    n: int = 0
    price: float = 0.0


@dataclasses.dataclass
class Wide(Sum):
    more: str = ""


class Point(NamedTuple):
    x: int
    y: float = 0.0


class Record(TypedDict, total=False):
    n: int
    text: str


# --- what changes what it reads or writes ------------------------------------------------------


class Taxed(BaseModel):
    net: float = 1.0

    @field_validator("net")
    @classmethod
    def with_tax(cls, value: float) -> float:
        return value * 2


class TaxedOnce(BaseModel):
    net: float = 1.0

    @field_validator("net")
    @classmethod
    def with_tax(cls, value: float, info: ValidationInfo) -> float:
        return value if (info.context or {}).get("stored") else value * 2


class Sorted(BaseModel):
    numbers: list[int] = []

    @model_validator(mode="after")
    def sort(self) -> Sorted:
        self.numbers.sort()
        return self


class Lossy(BaseModel):
    numbers: list[int] = []

    @model_serializer
    def written(self) -> dict[str, Any]:
        return {"numbers": self.numbers[:1]}


Secret = Annotated[
    SecretStr, PlainSerializer(lambda secret: secret.get_secret_value(), when_used="json")
]


class Colour(enum.Enum):
    RED = "red"
    NUMBER = 1


class Status(enum.StrEnum):
    PAID = "paid"


class Level(enum.IntEnum):
    HIGH = 3


class Pair(enum.Enum):
    """Values that JSON has no form for."""

    ONE = (1, 2)


class Text(str):
    """A subclass of a plain type."""

    __slots__ = ()


# --- values ------------------------------------------------------------------------------------

texts = st.text(max_size=4) | st.sampled_from(
    ["\0", "a\0b", "\ud800", "x\udfff", "\u2028", "\U0001d54f", " a ", "NaN", "null", "1", "true"]
)
numbers = st.floats() | st.sampled_from([float("nan"), float("inf"), -float("inf"), -0.0, 1e308])
integers = st.integers() | st.sampled_from([2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**40, True])
decimals = st.decimals(allow_nan=True) | st.sampled_from(
    [decimal.Decimal("1.50"), decimal.Decimal("-0"), decimal.Decimal("NaN"), decimal.Decimal("Inf")]
)
zones = st.sampled_from(
    [
        None,
        dt.UTC,
        ZoneInfo("Europe/Rome"),
        ZoneInfo("America/St_Johns"),
        dt.timezone(dt.timedelta(hours=5, minutes=45)),
        dt.timezone(dt.timedelta(seconds=3)),
    ]
)
moments = st.builds(
    lambda moment, fold: moment.replace(fold=fold),
    st.datetimes(
        dt.datetime(1850, 1, 1),  # noqa: DTZ001 - the bounds have no zone, what is drawn may have
        dt.datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=cast(Any, zones),
    ),
    st.sampled_from([0, 0, 0, 1]),
)
atoms = st.none() | st.booleans() | integers | numbers | texts
plain_values = st.recursive(
    atoms,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
odd_values = st.sampled_from(
    [
        (1, 2), {1}, frozenset({1}), deque([1], 2), b"x", dt.date(2026, 1, 1), decimal.Decimal("1"),
        Status.PAID, Level.HIGH, Colour.RED, Plain(), Sum(), Point(1), uuid.UUID(int=1), Text("t"),
        defaultdict(list, {"a": [1]}), OrderedDict(a=1), {1: "a"}, {1: "a", "1": "b"}, {None: 1},
    ]
)  # fmt: skip
anything = plain_values | odd_values | st.lists(odd_values, max_size=2)


def left(made: Any, **values: Any) -> Any:
    """As an action leaves it: set without being validated, the private parts too."""
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def record(cls: Any, **values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Made with its defaults, then changed."""
    return st.fixed_dictionaries(values).map(lambda given: left(cls(), **given))


def _set_private(seen: list[int]) -> Private:
    made = Private(n=1)
    made._seen.extend(seen)
    return made


payments = st.builds(Payment, amount=integers.map(int)) | st.builds(Card)

SHAPES: Mapping[str, Shaped] = {
    "int": Shaped(int, integers),
    "float": Shaped(float, numbers | st.integers() | st.just(2**53 + 1)),
    "str": Shaped(str, texts | st.sampled_from([Status.PAID, Text("t")])),
    "bool": Shaped(bool, st.booleans() | st.just(1)),
    "float-or-none": Shaped(float | None, numbers | st.none()),
    "decimal": Shaped(decimal.Decimal, decimals | numbers),
    "decimal-nan": Shaped(Annotated[decimal.Decimal, Field(allow_inf_nan=True)], decimals),
    "bytes": Shaped(bytes, st.binary(max_size=4)),
    "datetime": Shaped(dt.datetime, moments),
    "date": Shaped(dt.date, st.dates() | moments),
    "time": Shaped(dt.time, st.times() | moments.map(lambda at: at.timetz())),
    "timedelta": Shaped(dt.timedelta, st.timedeltas()),
    "uuid": Shaped(uuid.UUID, st.uuids()),
    "path": Shaped(pathlib.Path, st.just(pathlib.Path("/a/b"))),
    "address": Shaped(ipaddress.IPv4Address, st.ip_addresses(v=4)),
    "byte-size": Shaped(ByteSize, st.integers(0, 10**9).map(ByteSize)),
    "enum": Shaped(Colour, st.sampled_from(Colour)),
    "enum-of-tuples": Shaped(Pair, st.sampled_from(Pair)),
    "str-enum": Shaped(Status, st.sampled_from(Status) | st.just("paid")),
    "int-enum": Shaped(Level, st.sampled_from(Level)),
    "literal": Shaped(Literal["a", 1, True], st.sampled_from(["a", 1, True])),
    "list": Shaped(list[int], st.lists(integers, max_size=3) | st.just((1,))),
    "list-of-float": Shaped(list[float], st.lists(numbers, max_size=3)),
    "set": Shaped(set[int], st.sets(st.integers()) | st.just(frozenset({1}))),
    "frozenset": Shaped(frozenset[str], st.frozensets(texts, max_size=3)),
    "set-of-models": Shaped(set[Frozen], st.sets(st.builds(Frozen, n=st.integers()), max_size=2)),
    "tuple": Shaped(tuple[int, str], st.tuples(integers, texts) | st.just([1, "a"])),
    "tuples": Shaped(tuple[float, ...], st.lists(numbers, max_size=3).map(tuple)),
    "deque": Shaped(deque[int], st.lists(st.integers(), max_size=3).map(deque)),
    "deque-maxlen": Shaped(
        deque[int],
        st.builds(lambda items: deque(items, 2), st.lists(st.integers(), max_size=3)),
    ),
    "dict": Shaped(dict[str, int], st.dictionaries(texts, integers, max_size=3)),
    "dict-of-int": Shaped(dict[int, str], st.dictionaries(st.integers(), texts, max_size=3)),
    "dict-of-float": Shaped(dict[float, int], st.dictionaries(numbers, st.integers(), max_size=2)),
    "dict-of-enum": Shaped(dict[Status, int], st.just({Status.PAID: 1}) | st.just({"paid": 1})),
    "dict-of-date": Shaped(dict[dt.date, int], st.dictionaries(st.dates(), integers, max_size=2)),
    "dict-given-others": Shaped(
        dict[str, int], st.sampled_from([defaultdict(int, a=1), OrderedDict(a=1)])
    ),
    "defaultdict": Shaped(
        defaultdict[str, list[int]],
        st.sampled_from([defaultdict(list, a=[1]), defaultdict(lambda: [0], a=[1])]),
    ),
    "ordered-dict": Shaped(OrderedDict[str, int], st.just(OrderedDict(b=1, a=2))),
    "int-or-str": Shaped(int | str, integers | texts),
    "number": Shaped(int | float | bool, integers | numbers | st.booleans()),
    "str-or-moment": Shaped(str | dt.datetime, texts | moments),
    "decimal-or-str": Shaped(decimal.Decimal | str, decimals | texts),
    "any": Shaped(Any, anything),
    "dict-of-any": Shaped(dict[str, Any], st.dictionaries(texts, anything, max_size=2)),
    "json-value": Shaped(JsonValue, plain_values),
    "json": Shaped(Json[list[int]], st.lists(st.integers(), max_size=2)),
    "plain": Shaped(
        Plain, record(Plain, n=integers, text=texts, names=st.lists(texts, max_size=2))
    ),
    "aliased": Shaped(Aliased, record(Aliased, restaurant_name=texts)),
    "only-aliased": Shaped(OnlyAliased, texts.map(lambda name: left(OnlyAliased(n=""), name=name))),
    "camel": Shaped(Camel, record(Camel, prep_minutes=st.integers() | st.none())),
    "read-otherwise": Shaped(
        ReadOtherwise,
        record(ReadOtherwise, **dict.fromkeys("abcd", st.integers())),
    ),
    "swapped": Shaped(Swapped, record(Swapped, a=st.integers(), b=st.integers())),
    "one-name": Shaped(OneName, record(OneName, a=st.integers(), b=st.integers())),
    "computed": Shaped(Computed, record(Computed, a=st.integers())),
    "computed-number": Shaped(ComputedNumber, record(ComputedNumber, a=st.integers(0, 3))),
    "open": Shaped(
        Open,
        st.dictionaries(st.sampled_from("abc"), anything, max_size=2).map(
            lambda more: cast(Any, Open)(**more)
        ),
    ),
    "private": Shaped(Private, st.lists(st.integers(), max_size=2).map(_set_private)),
    "subclass": Shaped(
        Order,
        record(
            Order,
            payment=st.none() | payments | st.builds(Alike),
            payments=st.lists(payments, max_size=2),
            by_name=st.dictionaries(st.sampled_from("ab"), payments, max_size=2),
        ),
    ),
    "union-of-models": Shaped(Payment | Card, payments),
    "discriminated": Shaped(
        Annotated[Cat | Dog, Field(discriminator="kind")], st.builds(Cat) | st.builds(Dog)
    ),
    "tagged": Shaped(
        Annotated[
            Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")],
            Discriminator(lambda one: one["kind"] if isinstance(one, dict) else one.kind),
        ],
        st.builds(Cat) | st.builds(Dog),
    ),
    "generic": Shaped(
        Box[int], st.integers().map(lambda n: Box[int](item=n)) | st.just(Box(item=1))
    ),
    "generic-of-float": Shaped(Box[float | None], numbers.map(lambda n: Box[float | None](item=n))),
    "root": Shaped(
        Names, st.lists(texts, max_size=2).map(lambda names: left(Names([]), root=names))
    ),
    "tree": Shaped(Tree, st.just(Tree(name="a", below=[Tree(name="b", below=[Tree()])]))),
    "settings": Shaped(Settings, record(Settings, ratio=numbers, wait=st.timedeltas())),
    "constants": Shaped(Constants, record(Constants, ratio=numbers)),
    "trimmed": Shaped(Trimmed, record(Trimmed, text=texts)),
    "trimmed-text": Shaped(Annotated[str, StringConstraints(strip_whitespace=True)], texts),
    "lowered-text": Shaped(Annotated[str, StringConstraints(to_lower=True)], texts | st.just("A")),
    "dataclass": Shaped(Sum, record(Sum, a=integers, total=st.just(7) | st.integers())),
    "derived": Shaped(Doubled, st.integers().map(Doubled) | record(Doubled, double=st.integers())),
    "growing": Shaped(Growing, st.integers().map(Growing)),
    "slotted": Shaped(Slotted, record(Slotted, n=integers, price=numbers)),
    "dataclass-given-another": Shaped(Sum, st.builds(Wide, more=texts)),
    "dataclass-with-more": Shaped(Sum, st.builds(lambda: left(Sum(), extra=1))),
    "named-tuple": Shaped(Point, st.builds(Point, integers, numbers)),
    "typed-dict": Shaped(
        Record,
        st.fixed_dictionaries({"n": integers}, optional={"text": texts, "more": st.just(1)}),
    ),
    "taxed": Shaped(Taxed, record(Taxed, net=st.sampled_from([0.0, 1.0, 2.5]))),
    "taxed-once": Shaped(TaxedOnce, record(TaxedOnce, net=st.sampled_from([0.0, 1.0, 2.5]))),
    "sorted": Shaped(Sorted, record(Sorted, numbers=st.lists(st.integers(), max_size=3))),
    "lossy": Shaped(Lossy, record(Lossy, numbers=st.lists(st.integers(), max_size=3))),
    "before": Shaped(Annotated[int, BeforeValidator(lambda value: int(value) + 1)], st.integers()),
    "after": Shaped(Annotated[int, AfterValidator(abs)], st.integers()),
    "wrapped": Shaped(
        Annotated[int, WrapSerializer(lambda value, write: write(value) % 10)], st.integers(0, 20)
    ),
    "secret": Shaped(SecretStr, texts.map(SecretStr), refused=True),
    "secret-or-none": Shaped(SecretStr | None, st.just(SecretStr("s")), refused=True),
    "written-secret": Shaped(Secret, texts.map(SecretStr)),
}


# --- an auditor that knows nothing of the comparison ---------------------------------------------


def described(value: Any) -> Any:
    """Everything that a value says, as nested tuples; equal values give equal ones."""
    kind = type(value)
    if isinstance(value, SecretStr):
        return ("secret", value.get_secret_value())
    if isinstance(value, BaseModel):
        origin = kind.__pydantic_generic_metadata__["origin"] or kind
        more = (value.__pydantic_extra__ or {}), (value.__pydantic_private__ or {})
        parts = {name: getattr(value, name) for name in kind.model_fields}
        return (origin.__qualname__, *(_members(one) for one in (parts, *more)))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = {field.name for field in dataclasses.fields(value)} | vars_of(value).keys()
        return (kind.__qualname__, _members({n: getattr(value, n, None) for n in sorted(names)}))
    if isinstance(value, enum.Enum):
        plain = isinstance(value, str | int)
        return described(value.value) if plain else ("enum", str(value))
    if isinstance(value, bool | int):
        return ("int", int(value))
    if isinstance(value, float):
        return ("int", int(value)) if value.is_integer() else ("float", repr(float(value)))
    if isinstance(value, str):
        return ("str", str(value))
    if isinstance(value, dict):
        factory = getattr(value, "default_factory", None)
        members = [(described(k), described(v)) for k, v in value.items()]
        return (kind.__name__, repr(factory), members if kind is OrderedDict else sorted(members))
    if isinstance(value, deque):
        return ("deque", value.maxlen, tuple(map(described, value)))
    if isinstance(value, list | tuple):
        return (kind.__name__, tuple(map(described, value)))
    if isinstance(value, set | frozenset):
        return (kind.__name__, tuple(sorted(map(repr, map(described, value)))))
    if isinstance(value, dt.datetime | dt.time):
        fold = value.fold if value.tzinfo is None else 0
        bare = value.replace(tzinfo=None, fold=0)
        return (kind.__name__, bare.isoformat(), str(value.utcoffset()), fold)
    return (kind.__name__, repr(value))


def vars_of(value: Any) -> dict[str, Any]:
    return getattr(value, "__dict__", {})


def _members(parts: Mapping[str, Any]) -> Any:
    return tuple(sorted((name, described(value)) for name, value in parts.items()))
