"""What the checks say of completions."""

from __future__ import annotations

from statehold.check.lint.findings import findings
from statehold.formats.scxml import read_scxml

DONE_AT_ONCE = """
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="null">
  <state id="s"><transition event="done.state.s" target="end"/><final id="f"/></state>
  <final id="end"/>
</scxml>
"""


def test_what_the_start_itself_completes_is_not_waited_for_in_vain() -> None:
    definition = read_scxml(DONE_AT_ONCE).definition
    assert "never-done" not in {finding.code for finding in findings(definition)}
