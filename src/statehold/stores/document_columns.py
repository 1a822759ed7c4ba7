"""Columns of documents that all stores have alike."""

from __future__ import annotations

from collections.abc import Iterable

from statehold.deployed import NewestDocument
from statehold.stores.paging import moment


def newest_documents(rows: Iterable[tuple[str, int, int]]) -> dict[str, NewestDocument]:
    """From machines, their greatest versions, and when those were put."""
    return {machine: NewestDocument(version, moment(at)) for machine, version, at in rows}
