"""Replies to requests: an instance as callers see it.

Most callers of a hot path read ``seq`` and ``state``. ``view`` and ``allowed`` run functions of the
machine and are computed at first use.
"""

from __future__ import annotations

from typing import Any, Generic

import msgspec
from msgspec import Raw, Struct
from typing_extensions import TypeVar

from statehold.chart.payload import show_view
from statehold.errors import ActionFailed, InstanceUnreadable, described
from statehold.instance.authorize import is_permitted
from statehold.instance.senders import sendable
from statehold.instance.state import InstanceState
from statehold.instance.views import view_of
from statehold.interpreter.enabled import allowed
from statehold.interpreter.snapshot import Snapshot
from statehold.records import ANYONE, Caller, Status
from statehold.wire.instances import Reply


class ReplyJson(Struct, gc=False):
    """:class:`statehold.wire.instances.Reply`, for fast encoding."""

    machine: str
    id: str
    version: int
    seq: int
    status: str
    state: tuple[str, ...]
    view: Raw
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    allowed: tuple[str, ...]
    output: Raw
    held: bool


V_co = TypeVar("V_co", covariant=True, default=Any)

_encode = msgspec.json.Encoder().encode
_NULL = Raw(b"null")


class InstanceReply(Generic[V_co]):
    """One instance at one ``seq``, for one caller. ``V_co`` is the type of what its machine's
    ``view`` gives, if the machine was named by its class.

    ``held``: the instance is paused, and the event waits for its resumption. ``ahead`` is its
    snapshot once it is upgraded, where it is of an older version: what it allows is that of it.
    ``view`` is what the machine's ``view`` gave, as JSON, where it is known. ``named`` is the view
    that is shown in place of it (:mod:`.views`).

    A caller that may send or start and not read gets ``machine``, ``id``, ``seq``, ``status`` and
    ``held``. All else is empty then, and ``version`` 0.
    """

    __slots__ = (
        "_ahead", "_allowed", "_json", "_named", "_view", "caller", "held", "instance", "is_shown",
    )  # fmt: skip

    def __init__(
        self,
        instance: InstanceState,
        caller: Caller = ANYONE,
        *,
        held: bool = False,
        ahead: Snapshot[Any] | None = None,
        view: bytes | None = None,
        named: str | None = None,
    ) -> None:
        self.instance = instance
        self.caller = caller
        #: whether the caller may read the instance
        self.is_shown = caller.roles is None or is_permitted(
            caller, "read", instance.definition, instance
        )
        self._named = named or view_of(caller.roles, instance.definition)
        self.held = held
        self._ahead = ahead
        self._view = view
        self._allowed: tuple[str, ...] | None = None
        self._json: bytes | None = None

    @property
    def machine(self) -> str:
        return self.instance.ref.machine

    @property
    def id(self) -> str:
        return self.instance.ref.id

    @property
    def version(self) -> int:
        return self.instance.version if self.is_shown else 0

    @property
    def seq(self) -> int:
        """How many steps it has taken, the start included."""
        return self.instance.seq

    @property
    def status(self) -> Status:
        return self.instance.status

    @property
    def state(self) -> list[str]:
        """Ids of the active leaves, in document order."""
        return list(self.instance.state) if self.is_shown else []

    @property
    def tags(self) -> list[str]:
        return list(self.instance.tags) if self.is_shown else []

    @property
    def owners(self) -> list[str]:
        return list(self.instance.owners) if self.is_shown else []

    @property
    def view(self) -> V_co:
        """What the machine's ``view`` returns, or the caller's by role, or a copy of the data.

        Where the instance is of a version whose code is not here, the data as plain JSON values for
        callers who may inspect it, and for others the view of the instance as an upgrade makes it,
        or None. Raises ``InstanceUnreadable`` where the view raises: a step that leads there is
        refused, but the data may have been stored under an earlier ``view``.
        """
        shown: V_co = self._seen()
        return shown

    def _seen(self) -> Any:
        if not self.is_shown:
            return None
        definition, snapshot = self.instance.definition, self._viewed()
        if snapshot is None:
            return msgspec.json.decode(self._unviewed())
        copy = definition.data.copy(snapshot.data)
        try:
            return definition.shown(copy, self._named)
        except Exception as error:
            raise self._unreadable(error) from error

    def _viewed(self) -> Snapshot[Any] | None:
        """What views are made of; None: what is shown is not made by a view."""
        snapshot = self.instance.snapshot
        return self._ahead if snapshot is None and not self._may_inspect() else snapshot

    def _unviewed(self) -> bytes:
        return self.instance.data if self._may_inspect() else b"null"

    def _may_inspect(self) -> bool:
        return is_permitted(self.caller, "inspect", self.instance.definition, self.instance)

    def _unreadable(self, error: BaseException) -> InstanceUnreadable:
        # what it raised may have values that the view would not show
        what = described(error) if self._may_inspect() else "an error, which is not shown to you"
        why = f"its view raised {what}"
        return InstanceUnreadable(self.machine, self.id, self.version, why)

    def _view_json(self) -> bytes:
        if not self.is_shown:
            return b"null"
        if self._view is not None and self._named is None:
            return self._view
        definition, snapshot = self.instance.definition, self._viewed()
        if snapshot is None:
            return self._unviewed()
        data = self.instance.data
        if self._named is None and definition.view is None and not definition.data.has_computed:
            if snapshot is self.instance.snapshot:
                return data
            data = definition.data.dump(snapshot.data)
        try:
            return show_view(definition, definition.data.copy(snapshot.data), data, self._named)
        except ActionFailed as error:
            raise self._unreadable(error.cause) from error.cause

    @property
    def allowed(self) -> list[str]:
        """Names of the events that are accepted now, and that the caller may send."""
        if self._allowed is None:
            snapshot = self._ahead or self.instance.snapshot
            is_over = self.status not in ("running", "paused")
            if snapshot is None or is_over or not self.is_shown:
                self._allowed = ()
            else:
                definition = self.instance.definition
                found = allowed(definition, snapshot, self.caller.roles)
                self._allowed = sendable(found, self.caller, definition, self.instance)
        return list(self._allowed)

    @property
    def output(self) -> Any:
        """Plain JSON values; None unless it is done and its final state gives one."""
        raw = self.instance.output if self.is_shown else None
        return None if raw is None else msgspec.json.decode(raw)

    def json(self) -> bytes:
        """The JSON of :class:`statehold.wire.instances.Reply`; raises as ``view`` does."""
        if self._json is None:
            instance, shown = self.instance, self.is_shown
            self._json = _encode(
                ReplyJson(
                    instance.ref.machine,
                    instance.ref.id,
                    self.version,
                    instance.seq,
                    instance.status,
                    instance.state if shown else (),
                    Raw(self._view_json()),
                    instance.tags if shown else (),
                    instance.owners if shown else (),
                    tuple(self.allowed),
                    Raw(instance.output) if shown and instance.output is not None else _NULL,
                    self.held,
                )
            )
        return self._json

    def wire(self) -> Reply:
        return Reply.model_validate_json(self.json())

    def __repr__(self) -> str:
        return (
            f"InstanceReply({self.machine}/{self.id} seq={self.seq} {self.status} in {self.state})"
        )
