"""What the names of a request's headers say, whatever their values.

A client sends the same names with each request, so what follows from them is found once for each
tuple of names: the checks of a request would else pass over all headers several times.
"""

from __future__ import annotations

from functools import lru_cache

from starlette.types import Scope

#: what proxies add: a proxy on this host would make everybody behind it a program on this host
_OF_PROXIES = frozenset({
    b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"true-client-ip",
    b"cf-connecting-ip", b"x-original-host", b"x-envoy-external-address",
})  # fmt: skip
#: all that begin so: of the address, the host, the scheme, the user
_FORWARDED = b"x-forwarded"

#: tuples of names that are remembered; each has at most the bytes of a request's headers
_REMEMBERED = 128
_NAMES = "statehold.header_names"

#: in place of a header's position
TWICE, UNDERSCORED = -1, -2


class HeaderNames:
    """``is_of_browser``: there is an ``Origin`` or a ``Sec-Fetch-…``. ``of_proxy``: the first name
    that a proxy adds, or None."""

    __slots__ = ("_positions", "is_of_browser", "of_proxy")

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.is_of_browser = any(
            name == b"origin" or name.startswith(b"sec-fetch-") for name in names
        )
        self.of_proxy: bytes | None = None
        self._positions: dict[bytes, int] = {}
        for position, given in enumerate(names):
            name = given.replace(b"_", b"-")
            if self.of_proxy is None and (name in _OF_PROXIES or name.startswith(_FORWARDED)):
                self.of_proxy = name
            if name != given:
                self._positions[name] = UNDERSCORED
            elif name not in self._positions:
                self._positions[name] = position
            elif self._positions[name] != UNDERSCORED:
                self._positions[name] = TWICE

    def position(self, name: bytes) -> int | None:
        """Of the only header of this name, in lower case; None: there is none. :data:`TWICE`, or
        :data:`UNDERSCORED` where one is written with an underscore, which some proxies read as a
        hyphen."""
        return self._positions.get(name)


def names_of(scope: Scope) -> HeaderNames:
    found: HeaderNames | None = scope.get(_NAMES)
    if found is None:
        found = scope[_NAMES] = _names(tuple([name for name, _ in scope["headers"]]))
    return found


@lru_cache(maxsize=_REMEMBERED)
def _names(names: tuple[bytes, ...]) -> HeaderNames:
    return HeaderNames(names)
