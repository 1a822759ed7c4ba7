"""Questions about a machine that are answered before it runs.

::

    from statehold.check import active, assert_holds, never

    assert_holds(OrderFlow, never(active(OrderFlow.complete) & active(OrderFlow.cancelled)))
"""

# the package shows a function of the name of this module, which is therefore loaded first
from statehold.check.explore.explore import Exploration, assert_holds, explore
from statehold.check.explore.predicate import Place, Predicate, active, data, done, waiting
from statehold.check.explore.property import Property, Verdict, always, leads_to, never, reachable
from statehold.check.explore.witness import Witness

__all__ = [
    "Exploration",
    "Place",
    "Predicate",
    "Property",
    "Verdict",
    "Witness",
    "active",
    "always",
    "assert_holds",
    "data",
    "done",
    "explore",
    "leads_to",
    "never",
    "reachable",
    "waiting",
]
