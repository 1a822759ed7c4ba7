"""How long ``serve`` and ``worker`` keep finished instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from statehold.cli.arguments import read_age
from statehold.cli.outcome import UsageError
from statehold.engine import Retention


def read_retention(
    keep: Sequence[str], archive: Path | None
) -> Retention | Mapping[str, Retention] | None:
    """What ``--keep`` and ``--archive`` say; raises ``UsageError``."""
    if not keep:
        if archive is not None:
            raise UsageError("--archive takes what is purged, and nothing is without --keep AGE")
        return None
    ages: dict[str, timedelta] = {}
    for given in keep:
        machine, _, age = given.rpartition("=")
        if machine in ages:
            raise UsageError(f"--keep is given twice for {machine or 'every machine'}")
        ages[machine] = read_age(age)
    if "" not in ages:
        return {machine: Retention(age, archive) for machine, age in ages.items()}
    if len(ages) > 1:
        raise UsageError("--keep takes one AGE for every machine, or MACHINE=AGE for some")
    return Retention(ages[""], archive)
