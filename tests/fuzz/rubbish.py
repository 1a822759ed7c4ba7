"""Numbers and texts that readers stumble over."""

from __future__ import annotations

from typing import Any

NUMBERS = (
    "0", "-1", "1", "65536", "2147483648", "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "1e308", "1e309", "-1e309", "1e-400", "0.1", "1E400000000",
    "9" * 400, "9" * 5000, "0" * 300 + "1", "NaN", "Infinity", "-Infinity", "0x10", "1_000",
)  # fmt: skip

TEXTS = (
    "", " ", ".", "..", "#", "*", "#.", "a.b.c", "__proto__", "constructor", "__class__", "\0",
    "\u202e", "\ufeff", "\U0001f9ea", "e\u0301", "\ud800", "a" * 300, "a" * 70_000, "'", '"', "\\",
    "\n", "\r\n", "${x}", "{{x}}", "%s", "%n", "&lt;", "<!--", "]]>", "-->", "&x;", "true", "null",
    "undefined", "on", "no", "~", "1", "*x", "&x", "!!python/object:os.system", "../../etc/passwd",
    "file:///etc/passwd", "http://localhost:1/", "(" * 50, "[" * 50, "{" * 50,
)  # fmt: skip

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, 1e308, 2**63, 2**64, 10**400, "", [], {}, [[]], [{}],
    {"": {}}, {"a": None}, [None], "x", ["x", "x"],
)  # fmt: skip
