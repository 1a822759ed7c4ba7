"""Expressions that come as data: parsed, held against an allow-list, never run as code.

Each module here is one language and makes the same three things out of text: an
:class:`.language.Expression`, a :class:`.language.Location` and a :class:`.language.Script`.
"""
