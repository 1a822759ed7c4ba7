"""Renders objects of the wire for a terminal. Nothing here prints; functions return renderables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from statehold.chart.labels import words_of
from statehold.cli.terminal import Part, Rows, count_of, line, lines
from statehold.instance.tracebacks import at
from statehold.records import AuditEntry
from statehold.wire.instances import (
    ChildView,
    EffectView,
    Explanation,
    Incident,
    PossibleTransition,
    Reply,
    Summary,
    TimerView,
)
from statehold.wire.journal import JournalEntry

_STATUS_STYLE = {"running": "green", "paused": "yellow", "done": "blue", "cancelled": "red"}
_NONE = ("none", "dim")


# --- one instance ------------------------------------------------------------------------------


def instance(explanation: Explanation, now: datetime) -> RenderableType:
    """State, age, view, allowed events, effects and timers of an instance."""
    since = line(moment(explanation.since), (f" ({ago(explanation.since, now)})", "dim"))
    sections = _sections(
        explanation.instance,
        since,
        {one.id: one.label for one in explanation.active},
        {one.event: one.label for one in explanation.next if one.event},
    )
    if explanation.timers:
        sections.append(_timers(explanation.timers, now))
    if explanation.effects:
        sections.append(_effects(explanation.effects))
    if explanation.incidents:
        sections.append(incidents(explanation.incidents, now))
        sections += _tracebacks(explanation.incidents)
    return _spaced(sections)


def readable(reply: Reply) -> RenderableType:
    """What is shown of an instance to who may read it and not inspect it."""
    return _spaced(_sections(reply))


def _sections(
    reply: Reply,
    since: Text | None = None,
    labels: Mapping[str, str] = {},
    events: Mapping[str, str] = {},
) -> list[RenderableType]:
    """``labels`` of states and of ``events`` have labels by identifiers."""
    facts = Rows(("fact", "value"), whole=("fact",), titles=False)
    facts.add(("state", "dim"), named(reply.state, labels))
    if since is not None:
        facts.add(("since", "dim"), since)
    if reply.owners:
        facts.add(("owners", "dim"), ", ".join(reply.owners))
    if reply.tags:
        facts.add(("tags", "dim"), ", ".join(reply.tags))
    facts.add(("allowed", "dim"), named(reply.allowed, events) if reply.allowed else _NONE)
    if reply.output is not None:
        facts.add(("output", "dim"), value(reply.output))
    sections: list[RenderableType] = [Group(headline(reply), facts)]
    if reply.view is not None:
        sections.append(_view(reply.view))
    return sections


def instance_as_plain(explanation: Explanation) -> dict[str, Any]:
    """The same as JSON: a reply's members, and beside them what else is shown."""
    more = ("since", "active", "timers", "effects", "incidents")
    plain = explanation.model_dump(mode="json", include={"instance", *more})
    return {**plain.pop("instance"), **plain}


def headline(reply: Reply) -> Text:
    return line(
        (f"{reply.machine}/{reply.id}", "bold"),
        " ",
        # a caller who may not read it does not see its version
        (f"v{reply.version} seq {reply.seq}" if reply.version else f"seq {reply.seq}", "dim"),
        " ",
        (reply.status, _STATUS_STYLE.get(reply.status, "white")),
        (" held until it is resumed" if reply.held else "", "yellow"),
    )


def reply(answer: Reply) -> Text:
    """One line after a command that changed something."""
    allowed = f" allowed: {', '.join(answer.allowed)}" if answer.allowed else ""
    return line(headline(answer), " ", states(answer.state), (allowed, "dim"))


def _view(view: Any) -> RenderableType:
    if not isinstance(view, Mapping):
        return line(value(view))
    table = Rows(("view", ""), whole=("view",))
    for name, shown in view.items():
        table.add(str(name), value(shown))
    return table


def _timers(timers: Sequence[TimerView], now: datetime) -> Rows:
    table = Rows(("timer", "due", "left"), whole=("timer", "due", "left"))
    for timer in sorted(timers, key=lambda t: t.due):
        left: Part = span(timer.due - now) if timer.due > now else ("due", "yellow")
        table.add(timer.id, moment(timer.due), left)
    return table


def _effects(effects: Sequence[EffectView]) -> Rows:
    table = Rows(
        ("effect", "status", "attempt", "error"), whole=("effect", "status"), right=("attempt",)
    )
    for effect in effects:
        most = "" if effect.attempts is None else f"/{effect.attempts}"
        style = {"incident": "red", "waiting": "yellow"}.get(effect.status, "green")
        what: Part = effect.error or ""
        if effect.child is not None:
            what = lines([line(effect.child.id), line(_child_words(effect.child))])
        table.add(effect.name, (effect.status, style), f"{effect.attempt}{most}", what)
    return table


def _child_words(child: ChildView) -> str:
    where = f" in {states(child.state)}" if child.state else ""
    return f"{child.status}{where}"


# --- lists -------------------------------------------------------------------------------------


def summaries(found: Sequence[Summary], now: datetime) -> Rows:
    columns = ("id", "state", "status", "seq", "since", "next", "owners")
    table = Rows(columns, whole=("id", "status", "since", "next"), right=("seq",))
    for one in found:
        alarm = f" {count_of(one.incidents, 'incident')}" if one.incidents else ""
        due = "" if one.next_at is None else f"in {span(max(one.next_at - now, timedelta()))}"
        table.add(
            one.id,
            line(states(one.state), (alarm, "red")),
            (one.status, _STATUS_STYLE.get(one.status, "white")),
            str(one.seq),
            "" if one.since is None else ago(one.since, now),
            due,
            ", ".join(one.owners),
        )
    return table


def incidents(found: Sequence[Incident], now: datetime) -> Rows:
    columns = ("incident", "what", "attempts", "since", "error")
    table = Rows(columns, whole=("incident", "since"), right=("attempts",))
    for incident in found:
        table.add(
            (incident.id, "bold"),
            f"{incident.kind} {incident.name}",
            str(incident.attempts),
            ago(incident.since, now),
            (incident.error + at(incident.traceback), "red"),
        )
    return table


def tokens(found: Sequence[Mapping[str, Any]]) -> Rows:
    """Of ``token list``, by the fields of its JSON."""
    columns = ("id", "name", "status", "roles", "teams", "machines", "expires", "last used")
    table = Rows(columns, whole=("id", "status", "expires", "last used"))
    for one in found:
        used = one["used_at"]
        table.add(
            (one["id"], "bold"),
            one["name"],
            (one["status"], "green" if one["status"] == "good" else "red"),
            ", ".join(one["roles"]),
            ", ".join(one["teams"]),
            "any" if one["machines"] is None else ", ".join(one["machines"]),
            f"{one['expires_at']:%Y-%m-%d}",
            "never" if used is None else f"{used:%Y-%m-%d %H:%M}",
        )
    return table


def audit(found: Sequence[AuditEntry]) -> Rows:
    columns = ("at", "caller", "outcome", "action", "about", "times", "detail")
    table = Rows(columns, whole=("at", "outcome", "action"), right=("times",))
    for entry in found:
        table.add(
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            (entry.caller if entry.proved else f"{entry.caller} (claimed)", "bold"),
            (entry.outcome, "green" if entry.outcome == "done" else "red"),
            entry.action,
            "/".join(filter(None, (entry.machine, entry.id))),
            str(entry.times),
            entry.detail,
        )
    return table


def _tracebacks(found: Sequence[Incident]) -> list[RenderableType]:
    """Where the errors were raised, for those of which that is known."""
    return [
        lines(
            [
                line((incident.id, "bold")),
                *(line((text, "dim")) for text in incident.traceback.splitlines()),
            ]
        )
        for incident in found
        if incident.traceback
    ]


# --- what happened -----------------------------------------------------------------------------


def history(entries: Sequence[JournalEntry], before: Sequence[str] | None) -> Rows:
    """``before``: the state before the first entry; None where it is not known."""
    table = _entries(titles=True)
    for one in entries:
        table.add(*_entry_cells(one, before))
        before = one.state
    return table


def entry(one: JournalEntry, before: Sequence[str] | None) -> Rows:
    """One of them as it comes."""
    table = _entries(titles=False)
    table.add(*_entry_cells(one, before))
    return table


def _entries(*, titles: bool) -> Rows:
    columns = ("seq", "time", "event", "transition", "data")
    return Rows(columns, whole=("seq", "time"), right=("seq",), titles=titles)


def _entry_cells(one: JournalEntry, before: Sequence[str] | None) -> list[Part]:
    note = one.part > 0
    return [
        (f"{one.seq}.{one.part}", "dim") if note else str(one.seq),
        (f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}", "dim"),
        _what(one),
        "" if note else arrow(before, one.state),
        lines(_changes(one)),
    ]


def arrow(before: Sequence[str] | None, after: Sequence[str]) -> Text:
    """What was left and what was entered; regions that stayed are left out."""
    left = [state for state in before or () if state not in after]
    entered = [state for state in after if state not in (before or ())]
    if not left and not entered:
        return line((states(after), "dim"))
    return line(states(left), " " if left else "", ("→", "cyan"), " ", states(entered))


def _what(entry: JournalEntry) -> Text:
    event = entry.event
    name = event.get("type") if isinstance(event, Mapping) else event
    by = f" by {entry.caller}" if entry.caller else ""
    style = "red" if entry.kind in ("failure", "incident", "refused", "tried") else "bold"
    if entry.kind == "event" and name:
        what = line((str(name), style), (by, "dim"))
    else:
        what = line((entry.kind, style), f" {name}" if name else "", (by, "dim"))
    details = [
        " ".join(str(e[part]) for part in ("name", "what", "error") if e.get(part))
        for e in entry.effects
    ]
    if entry.reason:
        details.append(entry.reason)
    return lines([what, *(line((one, "dim")) for one in details)])


def _changes(entry: JournalEntry) -> list[Text]:
    if entry.data is not None:
        return [line(value(entry.data))]
    change = entry.change or {}
    changed = [line(f"{name} = {value(new)}") for name, new in change.get("set", {}).items()]
    return changed + [line((f"{name} removed", "dim")) for name in change.get("unset", ())]


# --- why, and what next ------------------------------------------------------------------------


def explanation(found: Explanation, now: datetime) -> RenderableType:
    parts: list[RenderableType] = [Group(headline(found.instance), line(found.summary))]
    if found.next:
        columns = ("may happen next", "to", "possible", "why not")
        table = Rows(columns, whole=("possible",))
        for one in found.next:
            table.add(
                _trigger(one),
                states(one.targets),
                _POSSIBLE[one.possible],
                "; ".join(one.stopped_by),
            )
        parts.append(table)
    if found.incidents:
        parts.append(incidents(found.incidents, now))
    return _spaced(parts)


def _trigger(one: PossibleTransition) -> Part:
    if one.event:
        return line((one.event, "bold"), (_beside(one.event, one.label), "dim"))
    if one.due:
        return f"at {moment(one.due)}"
    return _WHEN.get(one.kind, "{}").format(one.source)


_WHEN = {
    "done": "when {} is done",
    "result": "on the result in {}",
    "failure": "on a failure in {}",
    "cancel": "when it is cancelled",
}

_POSSIBLE = {
    True: ("yes", "green"),
    False: ("no", "red"),
    None: ("depends on the event", "yellow"),
}


# --- small things ------------------------------------------------------------------------------


def states(ids: Sequence[str]) -> str:
    return ", ".join(ids)


def value(shown: Any) -> str:
    """Compact JSON; a long one is cut, since ``--json`` gives it whole."""
    text = json.dumps(shown, ensure_ascii=False, default=str)
    return text if len(text) <= 300 else text[:299] + "…"


def moment(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def named(ids: Sequence[str], labels: Mapping[str, str]) -> Text:
    """Identifiers, each with its label in brackets where it has one of its own."""
    shown = [line(id, (_beside(id, labels.get(id, "")), "dim")) for id in ids]
    return Text(", ").join(shown)


def _beside(id: str, label: str) -> str:
    """Empty where the label is but the identifier's last part in words."""
    made = ", ".join(words_of(one.rpartition(".")[2]) for one in id.split(", "))
    return f" ({label})" if label and label not in (made, id, words_of(id)) else ""


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
