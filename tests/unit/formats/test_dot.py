"""Charts for Graphviz: what is said of each state and arrow, and that nothing breaks out of it."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings

from statehold.chart.machine import Definition
from statehold.chart.model import Guard
from statehold.chart.validate import validate
from statehold.formats.dot import to_dot
from statehold.formats.mermaid import to_mermaid
from tests.conformance.chart_builder import final, history, machine, on, parallel, state
from tests.conformance.random_charts import machines

QUOTED = r'"(?:[^"\\]|\\.)*"'
NODE = re.compile(rf"\s*({QUOTED}) \[(.*)\];")
ARROW = re.compile(rf"\s*({QUOTED}) -> ({QUOTED}) \[(.*)\];")
CLUSTER = re.compile(rf"\s*subgraph ({QUOTED}) \{{")
STYLE = re.compile(r"\s*(?:graph|node|edge|compound)\b.*;")


def parts(text: str) -> tuple[dict[str, str], list[tuple[str, str, str]], list[str]]:
    """Nodes with their attributes, arrows, and clusters; every line is one of them."""
    nodes, arrows, clusters, depth = {}, [], [], 0
    for line in text.splitlines():
        if arrow := ARROW.fullmatch(line):
            arrows.append((arrow[1][1:-1], arrow[2][1:-1], arrow[3]))
        elif node := NODE.fullmatch(line):
            nodes[node[1][1:-1]] = node[2]
        elif cluster := CLUSTER.fullmatch(line):
            clusters.append(cluster[1][1:-1])
            depth += 1
        elif line.strip() == "}":
            depth -= 1
        elif line.startswith("digraph "):
            depth += 1
        else:
            assert STYLE.fullmatch(line), line
    assert depth == 0
    return nodes, arrows, clusters


def test_states_with_others_inside_are_clusters_and_arrows_end_at_their_borders() -> None:
    drawn = machine(
        state("a"),
        state("c", state("d"), final("e")),
        transitions=[on("GO", "a > c", do=["x"]), on("BACK", "c > a"), on("IN", "c > e")],
    )
    nodes, arrows, clusters = parts(to_dot(drawn.chart))
    assert clusters == ["cluster:c"]
    assert "peripheries=2" in nodes["state:e"]
    assert ("state:a", "in:c", 'lhead="cluster:c", label="GO / note:x"') in arrows
    assert ("in:c", "state:a", 'ltail="cluster:c", label="BACK"') in arrows
    # from within there is no border to cross
    assert ("in:c", "state:e", 'label="IN"') in arrows
    assert ("start:c", "state:d", "") in arrows


def test_parallel_states_are_dashed_and_history_and_active_states_are_marked() -> None:
    drawn = machine(
        parallel("p", state("a", state("b"), history("h", "b", deep=True)), state("c")),
        transitions=[on("GO", "c > h")],
    )
    text = to_dot(drawn.chart, active=["p", "c"])
    nodes, arrows, _ = parts(text)
    assert re.search(r'label="p", style="rounded,dashed", color="#b45309"', text)
    assert 'label="H*"' in nodes["state:h"]
    assert "fillcolor" in nodes["state:c"]
    assert ("state:h", "state:b", "style=dotted") in arrows


def test_a_long_expression_is_cut_and_wrapped() -> None:
    guard = "data.total > 100 && " * 30 + "true"
    drawn = machine(state("a"), state("b"), transitions=[on("GO", "a > b", when=["never"])])
    going = msgspec.structs.replace(drawn.chart.transitions[0], guards=(Guard(guard),))
    chart = msgspec.structs.replace(drawn.chart, transitions=(going,))
    assert "…" in to_mermaid(chart)
    assert guard[:80] not in to_mermaid(chart)
    _, arrows, _ = parts(to_dot(chart))
    label = next(attributes for start, _, attributes in arrows if start == "state:a")
    lines = label.split("\\n")
    assert len(lines) == 3
    assert max(map(len, lines)) < 60
    assert "…]" in label


def test_odd_names_stay_within_their_quotes() -> None:
    drawn = machine(
        state('a"];x', entry=["note:&lt;\\N\n}"]),
        state("b\\"),
        transitions=[on("E", 'a"];x > b\\')],
    )
    nodes, arrows, _ = parts(to_dot(drawn.chart))
    assert set(nodes) >= {'state:a\\"];x', "state:b\\\\"}
    assert "&amp;lt;" in nodes['state:a\\"];x']
    assert ('state:a\\"];x', "state:b\\\\", 'label="E"') in arrows


def test_an_unknown_detail_is_refused() -> None:
    with pytest.raises(ValueError, match="available: full, events, names"):
        to_dot(machine(state("a")).chart, detail="all")  # type: ignore[arg-type]


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(machines())
def test_every_chart_is_drawn_with_each_of_its_states_and_arrows(
    machine: Definition[object],
) -> None:
    chart = machine.chart
    assume(validate(chart) == [])
    nodes, arrows, clusters = parts(to_dot(chart, detail="events"))
    inner = {one.parent for one in chart.states[1:]} - {""}
    for one in chart.states[1:]:
        if one.id in inner:
            assert f"cluster:{one.id}" in clusters
        else:
            assert f"state:{one.id}" in nodes
    targets = sum(len(t.targets) for t in chart.transitions)
    initials = sum(len(s.initial.targets) for s in chart.states if s.initial)
    assert len(arrows) == targets + initials
    ends = {end for arrow in arrows for end in arrow[:2]}
    assert ends - {"from:"} <= set(nodes)
