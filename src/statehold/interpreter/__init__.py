"""The interpreter: pure functions from a snapshot and an event to the next snapshot."""

from statehold.interpreter.command import (
    CancelEffect,
    CancelSend,
    CancelTimer,
    Command,
    Emit,
    Send,
    SetTimer,
    StartChild,
    StartEffect,
)
from statehold.interpreter.snapshot import InFlight, Snapshot, Step, Timer
from statehold.interpreter.step import cancel, start, step
from statehold.interpreter.trace import Microstep

__all__ = [
    "CancelEffect",
    "CancelSend",
    "CancelTimer",
    "Command",
    "Emit",
    "InFlight",
    "Microstep",
    "Send",
    "SetTimer",
    "Snapshot",
    "StartChild",
    "StartEffect",
    "Step",
    "Timer",
    "cancel",
    "start",
    "step",
]
