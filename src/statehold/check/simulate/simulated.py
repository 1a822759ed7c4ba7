"""An instance on its own whose effects and children end as somebody says, well or badly.

What comes of an end is what an engine makes of it: a transition takes it, or nobody does. A
failure of an effect that nobody takes is an incident, which waits for a person; so does not the
failure of a child.
"""

from __future__ import annotations

from typing import Any, Literal

from statehold.chart.event import Failure, Result
from statehold.chart.payload import given_output, given_result
from statehold.check.simulate.hand_stepped import D, Stepped
from statehold.check.simulate.requested import Asked


class Simulated(Stepped[D]):
    """One instance with nothing else around it; :class:`statehold.testing.Harness` is one too.

    Raises ``InvalidPayload`` where ``data`` (a value, plain Python values, or None for the
    defaults) does not fit, and a ``StepFailed`` where the machine's first step fails.
    """

    @property
    def running(self) -> list[Asked]:
        """Effects and children that are in flight, those that wait for a person among them."""
        return [asked for asked in self.asked if asked.in_flight]

    @property
    def incidents(self) -> list[Asked]:
        """Effects that failed for good with no transition to take the failure."""
        return [asked for asked in self.asked if asked.status == "incident"]

    def succeed_asked(self, asked: Asked, result: Any = None) -> None:
        """It ended well; an incident is resolved so too.

        Raises ``InvalidPayload`` where an effect's result is not of its annotated type.
        """
        self._succeed(asked, result)

    def fail_asked(self, asked: Asked, error: str, message: str) -> None:
        """It failed for good, an effect at the last of its tries."""
        known = self.definition.effects.get(asked.name)
        attempts = known.retry.attempts if known is not None and asked.kind == "effect" else 1
        self._fail(asked, error, message, attempts)

    def story_end(self) -> str:
        """The last lines of what happened, in words."""
        return self._story.end()

    # --- underneath ---

    def _succeed(self, asked: Asked, result: Any) -> None:
        """Raises ``InvalidPayload`` where it is not of the annotated type; changes nothing then."""
        value = (
            given_result(self.definition, asked.name, result)
            if asked.kind == "effect"
            else given_output(self.definition, asked.name, result)
        )
        self._end(asked, Result(self._invoke_of(asked), asked.key, value), "succeeded")

    def _fail(self, asked: Asked, error: str, message: str, attempts: int = 1) -> None:
        """For good. ``error`` is the name of an exception's class; a child has one attempt."""
        failure = Failure(self._invoke_of(asked), asked.key, error, message, attempts)
        if asked.kind == "machine":
            asked.error = message
            self._end(asked, failure, "failed")
            return
        asked.error = f"{error}: {message}"
        asked.attempt = attempts
        told = f"{asked.name} ({asked.key}) failed: {asked.error}"
        taken = self._step(failure, told, None)
        if taken.accepted:
            asked.status = "failed"
            self._take(taken, told)
            self._deliver()
        else:
            asked.status = "incident"
            self._story.note(self._now, f"{told}; no transition takes it: an incident")

    def _end(
        self, asked: Asked, event: Result[Any] | Failure, status: Literal["succeeded", "failed"]
    ) -> None:
        shown = repr(event.value) if isinstance(event, Result) else event.message
        told = f"{asked.name} ({asked.key}) {status}: {shown}"
        taken = self._step(event, told, None)
        before = asked.status
        # set first: what is left of the step may cancel others, but this one is over
        asked.status = status
        if not taken.accepted:
            self._snapshot = taken.snapshot
            self._story.note(self._now, f"{told}; no transition takes it")
            return
        try:
            self._take(taken, told)
        except BaseException:
            asked.status = before
            raise
        self._deliver()

    def _invoke_of(self, asked: Asked) -> str:
        return next(one.invoke for one in self._snapshot.effects if one.key == asked.key)
