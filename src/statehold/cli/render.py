"""How values of the wire look on a terminal. Nothing here prints; it gives what is printed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from statehold import wire

_STATUS_STYLE = {"running": "green", "paused": "yellow", "done": "blue", "cancelled": "red"}
_NONE = "[dim]none[/]"


# --- one instance ------------------------------------------------------------------------------


def instance(explanation: wire.Explanation, now: datetime) -> RenderableType:
    """Where it is, since when, what it shows, what is allowed, what runs and what is due."""
    reply = explanation.instance
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    facts.add_row("state", states(reply.state))
    facts.add_row("since", f"{moment(explanation.since)} [dim]({ago(explanation.since, now)})[/]")
    if reply.owners:
        facts.add_row("owners", escape(", ".join(reply.owners)))
    if reply.tags:
        facts.add_row("tags", escape(", ".join(reply.tags)))
    facts.add_row("allowed", escape(", ".join(reply.allowed)) or _NONE)
    if reply.output is not None:
        facts.add_row("output", value(reply.output))
    sections: list[RenderableType] = [Group(headline(reply), facts)]
    if reply.view is not None:
        sections.append(_view(reply.view))
    if explanation.timers:
        sections.append(_timers(explanation.timers, now))
    if explanation.effects:
        sections.append(_effects(explanation.effects))
    if explanation.incidents:
        sections.append(incidents(explanation.incidents, now))
    return _spaced(sections)


def headline(reply: wire.Reply) -> str:
    style = _STATUS_STYLE.get(reply.status, "white")
    held = " [yellow]held until it is resumed[/]" if reply.held else ""
    return (
        f"[bold]{escape(reply.machine)}/{escape(reply.id)}[/] [dim]v{reply.version} "
        f"seq {reply.seq}[/] [{style}]{reply.status}[/]{held}"
    )


def reply(answer: wire.Reply) -> str:
    """One line after a command that changed something."""
    allowed = f" [dim]allowed: {escape(', '.join(answer.allowed))}[/]" if answer.allowed else ""
    return f"{headline(answer)} {states(answer.state)}{allowed}"


def _view(view: Any) -> RenderableType:
    if not isinstance(view, Mapping):
        return value(view)
    table = _table("view", "")
    for name, shown in view.items():
        table.add_row(escape(str(name)), value(shown))
    return table


def _timers(timers: Sequence[wire.TimerView], now: datetime) -> Table:
    table = _table("timer", "due", "left")
    for timer in sorted(timers, key=lambda t: t.due):
        left = span(timer.due - now) if timer.due > now else "[yellow]due[/]"
        table.add_row(escape(timer.id), moment(timer.due), left)
    return table


def _effects(effects: Sequence[wire.EffectView]) -> Table:
    table = _table("effect", "status", "try", "error")
    for effect in effects:
        most = "" if effect.attempts is None else f"/{effect.attempts}"
        style = {"incident": "red", "waiting": "yellow"}.get(effect.status, "green")
        table.add_row(
            escape(effect.name),
            f"[{style}]{effect.status}[/]",
            f"{effect.attempt}{most}",
            escape(effect.error or ""),
        )
    return table


# --- lists -------------------------------------------------------------------------------------


def summaries(found: Sequence[wire.Summary], now: datetime) -> Table:
    table = _table("id", "state", "status", "seq", "since", "next", "owners")
    for one in found:
        style = _STATUS_STYLE.get(one.status, "white")
        alarm = f" [red]{count_of(one.incidents, 'incident')}[/]" if one.incidents else ""
        due = "" if one.next_at is None else f"in {span(max(one.next_at - now, timedelta()))}"
        table.add_row(
            escape(one.id),
            states(one.state) + alarm,
            f"[{style}]{one.status}[/]",
            str(one.seq),
            ago(one.since, now),
            due,
            escape(", ".join(one.owners)),
        )
    return table


def incidents(found: Sequence[wire.Incident], now: datetime) -> Table:
    table = _table("incident", "what", "tries", "since", "error")
    for incident in found:
        table.add_row(
            f"[bold]{escape(incident.id)}[/]",
            f"{incident.kind} {escape(incident.name)}",
            str(incident.attempts),
            ago(incident.since, now),
            f"[red]{escape(incident.error)}[/]",
        )
    return table


# --- what happened -----------------------------------------------------------------------------


def history(entries: Sequence[wire.JournalEntry], before: Sequence[str] | None) -> Table:
    """``before``: the state before the first entry; None where it is not known."""
    table = _table("seq", "time", "event", "transition", "data")
    for entry in entries:
        table.add_row(*entry_cells(entry, before))
        before = entry.state
    return table


def entry_cells(entry: wire.JournalEntry, before: Sequence[str] | None) -> list[str]:
    note = entry.part > 0
    return [
        f"[dim]{entry.seq}.{entry.part}[/]" if note else str(entry.seq),
        f"[dim]{entry.at.astimezone():%Y-%m-%d %H:%M:%S}[/]",
        _what(entry),
        "" if note else arrow(before, entry.state),
        "\n".join(_changes(entry)),
    ]


def arrow(before: Sequence[str] | None, after: Sequence[str]) -> str:
    """What was left and what was entered; regions that stayed are left out."""
    left = [state for state in before or () if state not in after]
    entered = [state for state in after if state not in (before or ())]
    if not left and not entered:
        return f"[dim]{states(after)}[/]"
    return f"{states(left)} [cyan]→[/] {states(entered)}".strip()


def _what(entry: wire.JournalEntry) -> str:
    event = entry.event
    name = event.get("type") if isinstance(event, Mapping) else event
    by = f" [dim]by {escape(entry.caller)}[/]" if entry.caller else ""
    style = "red" if entry.kind in ("failure", "incident", "refused", "tried") else "bold"
    if entry.kind == "event" and name:
        what = f"[{style}]{escape(str(name))}[/]{by}"
    else:
        named = f" {escape(str(name))}" if name else ""
        what = f"[{style}]{entry.kind}[/]{named}{by}"
    told = [
        escape(" ".join(str(e[part]) for part in ("name", "what", "error") if e.get(part)))
        for e in entry.effects
    ]
    if entry.reason:
        told.append(escape(entry.reason))
    return "\n".join([what, *(f"[dim]{line}[/]" for line in told)])


def _changes(entry: wire.JournalEntry) -> list[str]:
    if entry.data is not None:
        return [value(entry.data)]
    change = entry.change or {}
    lines = [f"{escape(name)} = {value(new)}" for name, new in change.get("set", {}).items()]
    return lines + [f"[dim]{escape(name)} removed[/]" for name in change.get("unset", ())]


# --- why, and what next ------------------------------------------------------------------------


def explanation(told: wire.Explanation, now: datetime) -> RenderableType:
    parts: list[RenderableType] = [Group(headline(told.instance), escape(told.summary))]
    if told.next:
        table = _table("may happen next", "to", "possible", "why not")
        for one in told.next:
            table.add_row(
                _trigger(one),
                states(one.targets),
                _POSSIBLE[one.possible],
                escape("; ".join(one.stopped_by)),
            )
        parts.append(table)
    if told.incidents:
        parts.append(incidents(told.incidents, now))
    return _spaced(parts)


def _trigger(one: wire.PossibleTransition) -> str:
    if one.event:
        return f"[bold]{escape(one.event)}[/]"
    if one.due:
        return f"at {moment(one.due)}"
    return _WHEN.get(one.kind, "{}").format(escape(one.source))


_WHEN = {
    "done": "when {} is done",
    "result": "on the result in {}",
    "failure": "on a failure in {}",
}

_POSSIBLE = {
    True: "[green]yes[/]",
    False: "[red]no[/]",
    None: "[yellow]depends on the event[/]",
}


# --- small things ------------------------------------------------------------------------------


def count_of(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def states(ids: Sequence[str]) -> str:
    return ", ".join(escape(id) for id in ids)


def value(shown: Any) -> str:
    """Compact JSON; a long one is cut, since ``--json`` gives it whole."""
    text = json.dumps(shown, ensure_ascii=False, default=str)
    return escape(text if len(text) <= 300 else text[:299] + "…")


def moment(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def ago(at: datetime, now: datetime) -> str:
    return f"{span(max(now - at, timedelta()))} ago"


def span(length: timedelta) -> str:
    """The two largest units: ``2 h 5 min``."""
    seconds = int(length.total_seconds())
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count} {unit}")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0 ")) or "0 s"


def now() -> datetime:
    return datetime.now(UTC)


def _spaced(sections: Sequence[RenderableType]) -> Group:
    """With an empty line between each two."""
    lines: list[RenderableType] = []
    for section in sections:
        lines += [section, ""]
    return Group(*lines[:-1])


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", justify=_JUSTIFY.get(column, "left"))
    return table


_JUSTIFY: dict[str, Any] = {"seq": "right", "tries": "right", "try": "right"}
