"""The standard streams, as a shell, a service manager or a container leaves them."""

from __future__ import annotations

import codecs
import io
import os
import sys

_ESCAPED = "statehold-escaped"


def settle_streams() -> None:
    """Opens what was closed, and lets every character be printed.

    The next file that is opened gets the lowest free number: with a closed standard input that is
    0, which a child's own standard input would replace.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # the lowest free one is this
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error(_ESCAPED, _escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ESCAPED)


def _escape(error: UnicodeError) -> tuple[str, int]:
    r"""What the encoding lacks as ``\uXXXX``, twice above U+FFFF: in JSON it is the same text."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in pairs), error.end
