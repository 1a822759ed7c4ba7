"""Expressions in documents: parsed, checked against an allow-list, never run as code.

Each language makes the same three things out of text: an
:class:`.language.Expression`, a :class:`.language.Location` and a :class:`.language.Script`.
"""
