"""Which headers of a request a document may set.

The sender sets those that frame the message, belong to the connection or say where the request
goes: a document that set them could split a request in two or lead it past the allowed hosts. The
call's key goes under none of these, nor under a header that says who asks or how the body is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")

#: lower-case names, and beginnings of names that end in a hyphen, by what they do
_FRAMES = ("content-length", "content-encoding", "transfer-encoding", "content-range", "trailer")
_CONNECTION = (
    "connection", "keep-alive", "proxy-connection", "upgrade", "te", "expect", "http2-settings",
)  # fmt: skip
_ROUTES = (
    "host", "forwarded", "via", "x-forwarded-", "x-real-ip", "x-client-ip", "x-cluster-client-ip",
    "true-client-ip", "x-original-", "x-rewrite-", "x-http-", "x-method-override", "x-host",
    "max-forwards", "proxy-", "origin", "referer", "sec-",
)  # fmt: skip
_SENDER = ("accept-encoding",)
_WHO = ("authorization", "cookie", "cookie2", "x-api-key", "x-auth-", "x-amz-", "dpop")
_CONTENT = ("content-", "accept", "accept-", "range", "if-", "date", "user-agent")

#: what a header does that no document sets
_SET_BY_SENDER: Mapping[str, tuple[str, ...]] = {
    "frames the message": _FRAMES,
    "belongs to the connection": _CONNECTION,
    "says where the request goes or comes from": _ROUTES,
    "is set by the sender": _SENDER,
}
#: beside those, what a header does that can't carry the call's key
_NOT_FOR_KEY: Mapping[str, tuple[str, ...]] = {
    "says who asks": _WHO,
    "says how the message is read": _CONTENT,
}


def header_fault(name: str) -> str | None:
    """Why a document can't set the header; None if it can."""
    return _not_a_name(name) or _does(name, _SET_BY_SENDER)


def key_header_fault(name: str) -> str | None:
    """Why the call's key can't go under the header; None if it can."""
    return header_fault(name) or _does(name, _NOT_FOR_KEY)


def _not_a_name(name: str) -> str | None:
    return None if _NAME.fullmatch(name) else f"{name!r} is no header's name"


def _does(name: str, kinds: Mapping[str, tuple[str, ...]]) -> str | None:
    # some servers take an underscore for a hyphen
    given = name.lower().replace("_", "-")
    for what, names in kinds.items():
        if given in names or any(one.endswith("-") and given.startswith(one) for one in names):
            return f"{name} {what}"
    return None
