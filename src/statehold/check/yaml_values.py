"""YAML as another spelling of JSON: mappings with text for keys, lists, text, numbers, booleans.

Of YAML's own there is nothing left that could surprise or grow: tags, anchors, aliases, merges and
dates are refused or read as text. Needs PyYAML, the extra ``native``.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, ClassVar

#: mappings and lists within each other
DEPTH_LIMIT = 64


class YamlRefused(ValueError):
    """It is no YAML, or says what JSON can't; the message tells the line."""


def read_yaml(text: str) -> Any:
    """Plain JSON values; raises ``YamlRefused``."""
    yaml, loader, _ = _classes()
    try:
        return yaml.load(text, loader)
    except yaml.YAMLError as error:
        raise YamlRefused(f"is not YAML that can be read: {_told(error)}") from None
    except (ValueError, RecursionError) as error:
        # an integer of thousands of digits, say
        raise YamlRefused(f"is not YAML that can be read: {error}") from None


def write_yaml(plain: Any) -> str:
    """Block style, keys as they come; :func:`read_yaml` gives the same back."""
    yaml, _, dumper = _classes()
    written: str = yaml.dump(plain, Dumper=dumper, sort_keys=False, allow_unicode=True, width=96)
    return written


def _told(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return problem if mark is None else f"line {mark.line + 1}: {problem}"


@cache
def _classes() -> tuple[Any, Any, Any]:
    """PyYAML and our loader and dumper, made when first needed: PyYAML is an extra."""
    try:
        import yaml
    except ModuleNotFoundError:
        raise YamlRefused("YAML needs PyYAML: install statehold[native], or use JSON") from None

    class Loader(yaml.SafeLoader):
        # SafeLoader's own table must stay as it is
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            mark: Any = event.start_mark
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise yaml.MarkedYAMLError(
                    problem="anchors and aliases are not allowed", problem_mark=mark
                )
            if self.depth >= DEPTH_LIMIT:
                raise yaml.MarkedYAMLError(
                    problem=f"nested deeper than {DEPTH_LIMIT}", problem_mark=mark
                )
            self.depth += 1
            try:
                return super().compose_node(parent, index)
            finally:
                self.depth -= 1

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value:
                if key.tag != "tag:yaml.org,2002:str":
                    problem = f"a key is text, not {key.value!r:.40}; put it in quotes"
                elif key.value in seen:
                    problem = f"the key {key.value!r:.40} stands twice"
                else:
                    seen.add(key.value)
                    continue
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            return super().construct_mapping(node, deep)

    def refuse(loader: Any, node: Any) -> Any:
        raise yaml.MarkedYAMLError(
            problem=f"the tag {node.tag} is not allowed", problem_mark=node.start_mark
        )

    plain = {"null", "bool", "int", "float", "str", "seq", "map"}
    constructors = yaml.SafeLoader.yaml_constructors
    Loader.yaml_constructors = {
        tag: made for tag, made in constructors.items() if tag and tag.split(":")[-1] in plain
    }
    Loader.add_constructor(None, refuse)
    for tag, pattern, first in (
        ("null", r"null|~|", ["n", "~", ""]),
        ("bool", r"true|false", ["t", "f"]),
        ("int", r"-?(?:0|[1-9]\d{0,30})", list("-0123456789")),
        ("float", r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", list("-0123456789")),
    ):
        Loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z"), first
        )

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        # line breaks of other kinds than \n would come back as spaces
        odd = any(not one.isprintable() and one != "\n" for one in value)
        tag = "tag:yaml.org,2002:str"
        return dumper.represent_scalar(tag, value, style='"' if odd else None)

    Dumper.add_representer(str, text)
    return yaml, Loader, Dumper
