"""How the package's docstrings and comments are read for the reference.

The source documents attributes by ``#:`` comments and refers to names by Sphinx's roles; the site
is Markdown and reads docstrings alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import griffe

from docs.generator.fields import comment_above
from docs.generator.markdown import prose


class SourceComments(griffe.Extension):
    """``#:`` comments as docstrings of attributes; roles and double backticks as code."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **kwargs: Any) -> None:
        """Gives an attribute without a docstring the comment above it."""
        if attr.docstring is None and attr.lineno and isinstance(attr.filepath, Path):
            lines = attr.lines_collection[attr.filepath]
            if said := comment_above(lines, attr.lineno):
                attr.docstring = griffe.Docstring(said, parent=attr)

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrites the docstring of whatever was loaded."""
        if obj.docstring is not None:
            obj.docstring.value = prose(obj.docstring.value)
