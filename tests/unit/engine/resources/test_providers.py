"""What an engine is given as resources: read, told apart by type, ordered; mistakes are listed."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NewType, Protocol
from unittest.mock import Mock

import pytest
from pydantic import BaseModel, SecretStr

from statehold import ResourcesInvalid, StateholdError, effect
from statehold.engine import Engine
from statehold.engine.resources.provider import Provider
from statehold.engine.resources.providers import Providers
from statehold.testing import replacing

if TYPE_CHECKING:
    from decimal import Decimal


class Settings(BaseModel):
    url: str = "http://x"
    token: SecretStr = SecretStr("hunter2-token")


class Client:
    pass


class FastClient(Client):
    pass


class Sends(Protocol):
    def send(self) -> None: ...


class Mailer(Sends):
    def send(self) -> None: ...


Bank = NewType("Bank", Client)
Token = NewType("Token", str)


@asynccontextmanager
async def client(settings: Settings) -> AsyncIterator[Client]:
    yield Client()


@asynccontextmanager
async def bank() -> AsyncGenerator[Bank, None]:
    yield Bank(Client())


class _Opened:
    async def __aenter__(self) -> Client:
        return Client()

    async def __aexit__(self, *_: object) -> None:
        pass


def opened() -> AbstractAsyncContextManager[Client]:
    return _Opened()


def names(providers: Providers) -> list[str]:
    assert providers.problems == []
    return [one.name for one in providers.ordered]


def problems(*given: Any) -> str:
    return "\n".join(map(str, Providers(given).problems))


def found(providers: Providers, type_: Any) -> Provider:
    one = providers.find(type_)
    assert one is not None
    return one


def test_what_is_needed_opens_first() -> None:
    assert names(Providers([client, Settings()])) == ["Settings", "client"]
    assert names(Providers([opened])) == ["opened"]


def test_a_type_is_that_of_the_annotation_or_the_class() -> None:
    providers = Providers([client, bank, Settings()])
    assert found(providers, Client).name == "client"
    assert found(providers, Bank).name == "bank"
    assert found(providers, Settings).name == "Settings"
    assert providers.find(int) is None


def test_the_only_subclass_stands_for_its_base() -> None:
    one = Providers([FastClient(), Mailer()])
    assert found(one, Client).name == "FastClient"
    assert found(one, Sends).name == "Mailer"
    several = Providers([FastClient(), type("SlowClient", (Client,), {})()])
    assert several.find(Client) is None
    exact = Providers([FastClient(), Client()])
    assert found(exact, Client).name == "Client"


def test_types_that_are_there_to_be_told_apart_stand_for_nothing_else() -> None:
    assert Providers([bank]).find(Client) is None
    mail = Annotated[Client, "mail"]
    providers = Providers({mail: Client()})
    assert providers.find(Client) is None
    assert found(providers, mail).type == mail
    assert providers.find(Annotated[Client, "bank"]) is None


def test_a_mapping_has_types_alone_or_beside_others() -> None:
    alone = Providers({Token: "secret", Client: Mock()})
    assert found(alone, Token).value == "secret"
    assert isinstance(found(alone, Client).value, Mock)
    beside = Providers([bank, {Token: "secret", Client: client, Settings: Settings()}])
    assert found(beside, Client).open is client
    assert found(beside, Token).value == "secret"
    # a function may be a value, where its type is named
    assert found(Providers({Sends: len}), Sends).value is len


def test_partials_methods_and_types_of_the_function_around_it() -> None:
    class Local:
        pass

    class App:
        @asynccontextmanager
        async def local(self) -> AsyncIterator[Local]:
            yield Local()

    @asynccontextmanager
    async def from_(number: int, local: Local) -> AsyncIterator[Client]:
        yield Client()

    @asynccontextmanager
    async def made() -> AsyncIterator[Local]:
        yield Local()

    @asynccontextmanager
    async def with_default(local: Local, size: int = 3) -> AsyncIterator[Client]:
        assert isinstance(local, Local)
        yield Client()

    assert found(Providers([made]), Local).name == "made"
    assert names(Providers([App().local])) == ["local"]
    assert names(Providers([made, with_default])) == ["made", "with_default"]
    partial = functools.partial(from_, 3)
    assert "parameter local is not known" in problems(partial)


def test_two_of_one_name_are_told_apart() -> None:
    one = asynccontextmanager(_client_of(Client))
    two = asynccontextmanager(_client_of(FastClient))
    assert names(Providers([one, two])) == ["made", "made#2"]


def _client_of(type_: Any) -> Any:
    async def made() -> Any:
        yield type_()

    made.__annotations__["return"] = AsyncIterator[type_]
    return made


async def bare() -> AsyncIterator[Client]:
    yield Client()


@contextmanager
def blocking() -> Iterator[Client]:
    yield Client()


async def waits() -> Client:
    return Client()


def plain() -> Client:
    return Client()


@asynccontextmanager
async def untyped():  # type: ignore[no-untyped-def]
    yield Client()


@asynccontextmanager
async def anything() -> AsyncIterator[Any]:
    yield Client()


@asynccontextmanager
async def hidden() -> AsyncIterator[Decimal]:
    yield Client()  # type: ignore[misc]


@asynccontextmanager
async def needs_untyped(settings) -> AsyncIterator[Client]:  # type: ignore[no-untyped-def]
    yield Client()


@asynccontextmanager
async def by_name(*, settings: Settings) -> AsyncIterator[Client]:
    yield Client()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (bare, "resource bare: it is an async generator\n      hint: put @asynccontextmanager"),
        (blocking, "resource blocking: it opens its resource in a plain generator"),
        (waits, "resource waits: it is a coroutine function"),
        (plain, "resource plain: it is a function that opens nothing"),
        (lambda: 3, "resource <lambda>: it is a function that opens nothing"),
        (Client, "resource Client: it is a class, and not an object of it"),
        (untyped, "resource untyped: the type of what it yields is not known"),
        (anything, "resource anything: the type of what it yields is not known"),
        (hidden, "resource hidden: the type of what it yields is not known"),
        (needs_untyped, "resource needs_untyped: the type of its parameter settings is not known"),
        (by_name, "resource by_name: its parameter settings is not taken by position"),
        (client, "resource client: parameter settings takes Settings, which no resource gives"),
        ("hunter2", "a resource of type str: that type does not say what it is for"),
        ([1, 2], "a resource of type list: that type"),
        ({"x": 1}, "a mapping has a key of type str, which is no type"),
        ({Client: bare}, "resource bare: it is an async generator"),
    ],
)
def test_what_can_not_be_a_resource(given: Any, message: str) -> None:
    assert message in problems(given)
    assert "hunter2" not in problems(given)


def test_a_provider_that_was_called_is_refused() -> None:
    for given in (client(Settings()), waits(), bare(), {Client: waits()}):
        text = problems(given)
        assert "it is the result of a call, which opens nothing by itself" in text
        assert "give the function, without calling it" in text


def test_two_for_one_type() -> None:
    text = problems(client, opened, Settings())
    assert "client and opened both give Client" in text
    assert "NewType" in text


def test_circles_name_their_members() -> None:
    class One:
        pass

    class Two:
        pass

    def made(type_: Any, needed: Any, name: str) -> Any:
        async def provider(need: Any) -> Any:
            yield type_()

        provider.__name__ = name
        provider.__annotations__ = {"need": needed, "return": AsyncIterator[type_]}
        return asynccontextmanager(provider)

    text = problems(made(One, Two, "one"), made(Two, One, "two"))
    assert "they need each other" in text
    assert "one needs two" in text
    assert "two needs one" in text


def test_effects_for_which_nothing_is_given_are_listed_with_their_places() -> None:
    @effect
    async def charge(order: dict[str, int], bank: Bank, other: Sends) -> None: ...

    providers = Providers([FastClient(), Client(), Settings()])
    with pytest.raises(ResourcesInvalid) as refused:
        providers.check([("machine order", charge), ("machine again", charge)])
    assert [str(one.place) for one in refused.value.problems] == [
        "effect charge of machine order"
    ] * 2
    text = str(refused.value)
    assert "parameter bank takes Bank, which no resource gives" in text
    assert "there are FastClient, Client, Settings" in text
    assert len(refused.value.details()["problems"]) == 2
    assert isinstance(refused.value, StateholdError)


def test_an_effect_that_several_fit_is_refused_by_naming_them() -> None:
    @effect
    async def charge(order: dict[str, int], client: Client) -> None: ...

    several = Providers([FastClient(), type("SlowClient", (Client,), {})()])
    with pytest.raises(ResourcesInvalid, match="FastClient and SlowClient both are one"):
        several.check([("machine order", charge)])


def test_secrets_are_in_no_text() -> None:
    settings = Settings()
    providers = Providers([settings, {Token: "s3cret-text", bytes: b"s3cret-bytes", int: 1234}])
    engine = Engine("memory:", [], resources=[settings, {Token: "s3cret-text"}])
    shown = [repr(one) for one in providers.ordered]
    for text in (*shown, repr(engine), repr(engine._lifecycle.__dict__), repr(providers)):
        assert "s3cret" not in text
        assert "hunter2" not in text
    text = "login as s3cret-text or s3cret-bytes with hunter2-token failed, 1234"
    assert providers.redacted(text) == "login as … or … with … failed, 1234"


def test_replacing_keeps_the_others() -> None:
    fake = Client()
    made = replacing([client, bank, Settings(url="y")], {Client: fake})
    providers = Providers(made)
    assert found(providers, Client).value is fake
    assert found(providers, Bank).open is bank
    assert found(providers, Settings).value.url == "y"
    assert found(Providers(replacing([FastClient()], {Client: fake})), Client).value is fake


def test_replacing_what_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no resource here gives"):
        replacing([Settings()], {Client: Client()})
    with pytest.raises(ResourcesInvalid):
        replacing([Client], {Client: Client()})
