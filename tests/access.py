"""What servers in tests permit, where who may do what is not what is tested."""

from __future__ import annotations

from statehold.chart.access import RIGHTS, Access, ServerAccess, anyone

#: everything, to everybody
OPEN = ServerAccess(unstated=Access(**dict.fromkeys(RIGHTS, anyone)), audit=anyone, metrics=anyone)
