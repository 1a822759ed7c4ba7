"""One instance whose effects and children end as the caller decides.

An end has the consequences that it has in an engine: a transition takes the outcome, or none does.
A failure of an effect that no transition takes becomes an incident, which waits for an operator;
that of a child does not.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from statehold.chart.event import Failure, Result
from statehold.chart.payload import given_output, given_result
from statehold.check.simulate.hand_stepped import D, E, HandStepped, V
from statehold.check.simulate.requested import Asked
from statehold.instance.attempts import Attempt, AttemptEvent
from statehold.instance.outcomes import LastFailure, untaken
from statehold.interpreter.snapshot import InFlight, Snapshot, Step


class Simulated(HandStepped[D, E, V]):
    """One instance without an engine. :class:`statehold.testing.Harness` is a subclass.

    Raises ``InvalidPayload`` where ``data`` (a value, plain Python values, or None for the
    defaults) does not fit, and a ``StepFailed`` where the machine's first step fails.
    """

    @property
    def running(self) -> list[Asked]:
        """Effects and children in flight, incidents included."""
        return [asked for asked in self.asked if asked.in_flight]

    @property
    def incidents(self) -> list[Asked]:
        """Effects that failed for good with no transition to take the failure."""
        return [asked for asked in self.asked if asked.status == "incident"]

    def succeed_asked(self, asked: Asked, result: Any = None) -> None:
        """It succeeded; so an incident is resolved, too.

        Raises ``InvalidPayload`` where an effect's result is not of its annotated type, and
        changes nothing then.
        """
        effect = self._in_flight(asked)
        value = (
            given_result(self.definition, asked.name, result)
            if asked.kind == "effect"
            else given_output(self.definition, asked.name, result)
        )
        what = f"{asked.name} ({asked.key}) succeeded: {value!r}"
        taken = self._step(Result(effect.invoke, asked.key, value), what)
        self._conclude(asked, effect, taken, what)

    def fail_asked(
        self,
        asked: Asked,
        error: str,
        message: str,
        *,
        attempt: int | None = None,
        kinds: tuple[str, ...] = (),
    ) -> None:
        """It failed for good, an effect at this ``attempt``, by default its last one.

        ``error`` is the name of an exception's class, ``kinds`` those of it and its base classes.
        """
        is_child = asked.kind == "machine"
        if attempt is None:
            known = None if is_child else self.definition.effects.get(asked.name)
            attempt = 1 if known is None else known.retry.attempts
        why = message if is_child else f"{error}: {message}"
        what = f"{asked.name} ({asked.key}) failed: {why}"
        effect = self._in_flight(asked)
        event = Failure(effect.invoke, asked.key, error, message, attempt, kinds)
        taken = self._step(event, what)
        self._conclude(asked, effect, taken, what, LastFailure(attempt, why))

    def narrative_end(self) -> str:
        """The last lines of the narrative."""
        return self._narrative.end()

    # --- underneath ---

    def _conclude(
        self,
        asked: Asked,
        effect: InFlight,
        taken: Step[D],
        what: str,
        failed: LastFailure | None = None,
    ) -> None:
        """Applies the step for an outcome."""
        if taken.accepted:
            self._take(taken, what, failed=() if failed is None else [asked.key])
        else:
            self._instance = untaken(self._instance, effect, failed, taken.snapshot, self._now)
        asked.status = "succeeded" if failed is None else "failed"
        if failed is not None:
            asked.error = failed.error or asked.error
        incident = None if taken.accepted else self._instance.attempts.get(asked.key)
        if incident is not None:
            self._show(asked, incident)
        if not taken.accepted:
            left = "" if incident is None else ": an incident"
            self._narrative.note(self._now, f"{what}; no transition takes it{left}")
        else:
            self._deliver()

    def _in_flight(self, asked: Asked) -> InFlight:
        return next(one for one in self.snapshot.effects if one.key == asked.key)

    def _set_attempt(self, asked: Asked, attempt: Attempt) -> None:
        attempts = {**self._instance.attempts, asked.key: attempt}
        self._instance = replace(self._instance, attempts=attempts)
        self._show(asked, attempt)

    @staticmethod
    def _show(asked: Asked, attempt: Attempt) -> None:
        asked.status = "incident" if attempt.state == "incident" else "running"
        asked.attempt = attempt.attempt
        asked.error = attempt.error

    def _end_attempt(self, asked: Asked, event: AttemptEvent, snapshot: Snapshot[D]) -> None:
        """It has ended, and only ``snapshot`` is left of the instance."""
        attempts = dict(self._instance.attempts)
        attempts.pop(asked.key).end(event)
        self._instance = replace(self._instance, attempts=attempts, snapshot=snapshot)
