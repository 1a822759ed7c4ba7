"""An operator's requests on an instance, its timers and its effects, independent of the chart."""

from __future__ import annotations

from collections.abc import Callable

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from statehold.server.body import Model
from statehold.server.guard import caller_of
from statehold.server.routes.endpoints import Endpoints, instance_of, json, reply
from statehold.server.routes.route import (
    ACT,
    EFFECT,
    ID,
    INSTANCE_PATH,
    MACHINE,
    MACHINE_PATH,
    ON_INSTANCE,
    TIMER,
    F,
    route,
)
from statehold.wire.instances import Reply
from statehold.wire.operations import (
    ActRequest,
    CancelRequest,
    RepairRequest,
    RescheduleRequest,
    ResolveRequest,
    UpgradeReport,
)

RESOLVE = Model(
    ResolveRequest, optional=True, example={"result": {"charge": "ch_1"}, "reason": "by hand"}
)
_CANCEL = Model(
    CancelRequest, optional=True, example={"reason": "the customer asked", "force": False}
)
_REPAIR = Model(RepairRequest, example={"data": {"items": ["pizza"]}, "reason": "by hand"})
_RESCHEDULE = Model(RescheduleRequest, example={"seconds": 600, "reason": "the courier is late"})


def _act(path: str, *parts: dict[str, object], body: Model = ACT) -> Callable[[F], F]:
    return route(
        "POST", f"{INSTANCE_PATH}/{path}", "instances",
        {200: Reply}, ON_INSTANCE, bare=(MACHINE, ID, *parts), body=body,
    )  # fmt: skip


class OperatorEndpoints(Endpoints):
    @_act("pause")
    async def pause(self, request: Request) -> Response:
        """Pause an instance: its events, timers and effects' results are held."""
        return await self.act(request, self.engine.pause)

    @_act("resume")
    async def resume(self, request: Request) -> Response:
        """Resume a paused instance."""
        return await self.act(request, self.engine.resume)

    @_act("cancel", body=_CANCEL)
    async def cancel(self, request: Request) -> Response:
        """Cancel an instance.

        Its chart may take the cancellation: then it goes on until it ends by itself, and asking
        again changes nothing. Else the exit actions of its active states run, and it is over. 422
        if one of them fails; `force` ends the instance without them.
        """
        asked: CancelRequest = await self.read_body(request, _CANCEL)
        answer = await self.engine.cancel(
            *instance_of(request),
            force=asked.force,
            reason=asked.reason,
            caller=caller_of(request),
        )
        return reply(answer, 200)

    @_act("repair", body=_REPAIR)
    async def repair(self, request: Request) -> Response:
        """Give an unreadable instance new data.

        It goes on in the states that it is in, or in those that are given, in the version that
        this server runs. 409 if the instance can be read.
        """
        asked: RepairRequest = await self.read_body(request, _REPAIR)
        answer = await self.engine.repair(
            *instance_of(request),
            # as bytes again, so that the data's type reads JSON and not Python values
            to_json(asked.data),
            state=asked.state,
            reason=asked.reason,
            caller=caller_of(request),
        )
        return reply(answer, 200)

    @route(
        "POST", f"{INSTANCE_PATH}/upgrade", "instances",
        {200: UpgradeReport}, ON_INSTANCE, bare=(MACHINE, ID), body=ACT,
    )  # fmt: skip
    async def upgrade(self, request: Request) -> Response:
        """Upgrade an instance to the machine's version."""
        return await self._upgrade(request, alone=True)

    @route(
        "POST", f"{MACHINE_PATH}/upgrade", "machines",
        {200: UpgradeReport}, ON_INSTANCE, bare=(MACHINE,), body=ACT,
    )  # fmt: skip
    async def upgrade_all(self, request: Request) -> Response:
        """Upgrade every instance to the machine's version."""
        return await self._upgrade(request, alone=False)

    async def _upgrade(self, request: Request, *, alone: bool) -> Response:
        asked: ActRequest = await self.read_body(request, ACT)
        machine = request.path_params["machine"]
        id = instance_of(request)[1] if alone else None
        report = await self.engine.upgrade(
            machine, id, reason=asked.reason, caller=caller_of(request)
        )
        return json(report)

    # --- timers ------------------------------------------------------------------------------

    @_act("timers/{timer:path}/fire", TIMER)
    async def fire_timer(self, request: Request) -> Response:
        """Fire a timer now."""
        return await self.act(request, self.engine.fire_timer, "timer")

    @_act("timers/{timer:path}/cancel", TIMER)
    async def cancel_timer(self, request: Request) -> Response:
        """Cancel a timer: it does not fire, unless its state is entered again."""
        return await self.act(request, self.engine.cancel_timer, "timer")

    @_act("timers/{timer:path}/reschedule", TIMER, body=_RESCHEDULE)
    async def reschedule_timer(self, request: Request) -> Response:
        """Let a timer fire at another time."""
        asked: RescheduleRequest = await self.read_body(request, _RESCHEDULE)
        answer = await self.engine.reschedule_timer(
            *instance_of(request),
            request.path_params["timer"],
            due=asked.due,
            seconds=asked.seconds,
            reason=asked.reason,
            caller=caller_of(request),
        )
        return reply(answer, 200)

    # --- effects -----------------------------------------------------------------------------

    @_act("effects/{key:path}/retry", EFFECT)
    async def retry_effect(self, request: Request) -> Response:
        """Retry an effect at once, beginning with its first attempt."""
        return await self.act(request, self.engine.retry_effect, "key")

    @_act("effects/{key:path}/skip", EFFECT)
    async def skip_effect(self, request: Request) -> Response:
        """Skip an effect: it ends without an event."""
        return await self.act(request, self.engine.skip_effect, "key")

    @_act("effects/{key:path}/resolve", EFFECT, body=RESOLVE)
    async def resolve_effect(self, request: Request) -> Response:
        """Set an effect's result by hand."""
        asked: ResolveRequest = await self.read_body(request, RESOLVE)
        answer = await self.engine.resolve_effect(
            *instance_of(request),
            request.path_params["key"],
            asked.result,
            reason=asked.reason,
            caller=caller_of(request),
        )
        return reply(answer, 200)
