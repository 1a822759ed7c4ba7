"""Events to instances, the hot path: without models on the way in or out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from statehold.errors import InstanceUnreadable, StateholdError
from statehold.instance.reply import InstanceReply
from statehold.server.body import ListModel, read_json
from statehold.server.guard import caller_of
from statehold.server.headers import expected_seq_of, key_of, left_out_of
from statehold.server.problems import problem_bytes
from statehold.server.routes.endpoints import JSON, Endpoints, instance_of, reply
from statehold.server.routes.route import (
    BODY,
    ID,
    IF_MATCH,
    INSTANCE_PATH,
    KEY,
    LEFT_OUT,
    MACHINE,
    ON_INSTANCE,
    route,
)
from statehold.server.shares import hold_of
from statehold.wire.instances import Reply
from statehold.wire.operations import SendAnswers, SendRequest

_EVENT = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "title": "Event",
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": {"type": "string", "description": "the event's name"}},
                    "additionalProperties": True,
                },
                "example": {"type": "Accept", "prep_minutes": 12},
            }
        },
    }
}
_MANY = ListModel(
    SendRequest,
    example=[
        {"machine": "order", "id": "o-1", "event": {"type": "Accept", "prep_minutes": 12}},
        {"machine": "order", "id": "o-2", "event": {"type": "Reject", "reason": "closed"}},
    ],
    maxItems=1000,
)


class Events(Endpoints):
    @route(
        "POST", f"{INSTANCE_PATH}/events", "events",
        {200: Reply, 202: Reply}, ON_INSTANCE,
        bare=(MACHINE, ID, KEY, IF_MATCH, LEFT_OUT), body=_EVENT,
    )  # fmt: skip
    async def send(self, request: Request) -> Response:
        """Send an event to an instance.

        The event is flat JSON with its name in `type`. A reply means that the step is stored; a
        problem means that nothing changed. 202: the instance is paused and the event is held.
        """
        machine, id = instance_of(request)
        answer = await self.engine.send(
            machine,
            id,
            await read_json(request, self.bounds) or b"{}",
            key=key_of(request, self.bounds),
            expected_seq=expected_seq_of(request),
            caller=caller_of(request),
            left_out=left_out_of(request),
        )
        return reply(answer, 202 if answer.held else 200)

    @route("POST", "/api/events", "events", {200: SendAnswers}, BODY, body=_MANY)
    async def send_many(self, request: Request) -> Response:
        """Send many events, to any instances.

        They are answered in order, each with a reply or a problem of its own.
        """
        body = await read_json(request, self.bounds, limit=self.bounds.batch_bytes)
        sent: list[SendRequest] = _MANY.parse_list(body, self.bounds.batch_events, "events")
        hold_of(request).take_events(len(sent))
        answers = await self.engine.send_many(sent, caller=caller_of(request))
        return Response(b'{"answers":[%b]}' % b",".join(map(_answer, answers)), media_type=JSON)


def _answer(answer: InstanceReply | StateholdError) -> bytes:
    if not isinstance(answer, StateholdError):
        try:
            return b'{"reply":%b}' % answer.json()
        except InstanceUnreadable as error:
            # its view raises; the others have their replies
            answer = error
    return b'{"problem":%b}' % problem_bytes(answer)
