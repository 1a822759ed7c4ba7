"""The pytest plugin."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]


def test_a_failed_test_shows_the_path_of_its_harnesses(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from statehold import Event, Final, Machine, State, on

        class Press(Event):
            pass

        class Light(Machine[dict], name="light", version=1):
            dark = State(initial=True)
            lit = Final()
            press = on(Press, dark >> lit)

        def test_it(harness):
            light = harness(Light, id="hall")
            light.send(Press())
            assert light.state == ["dark"]
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*path of light/hall*", "*Press()*", "*dark -> lit*"])
