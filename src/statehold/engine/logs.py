"""What a line of the log says beside its words: fields that programs can search by."""

from __future__ import annotations

from typing import Any

from statehold.engine.runtime import Runtime
from statehold.store import Ref


def about(runtime: Runtime, ref: Ref | None = None, **more: Any) -> dict[str, Any]:
    """``extra`` of a line: the worker; machine and instance where it is about one; what is known
    beside (``seq``, ``effect``, ``attempt``, …)."""
    fields: dict[str, Any] = {"worker": runtime.worker}
    if ref is not None:
        fields["machine"] = ref.machine
        fields["instance"] = ref.id
    fields.update(more)
    return fields
