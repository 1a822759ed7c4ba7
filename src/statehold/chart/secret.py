"""Which fields of a type hold secrets, whose values no message shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import SecretBytes, SecretStr

#: of a type that is a secret outside any field: no value in it is shown
EVERYTHING = frozenset({""})


def secret_names(schema: Any) -> frozenset[str]:
    """The names and aliases of fields that hold a ``SecretStr``, a ``SecretBytes`` or a ``Secret``,
    at any depth, or that are declared with ``repr=False``; ``EVERYTHING`` where the whole is one.
    ``schema`` is pydantic's."""
    found = _Names()
    return EVERYTHING if found.look(schema) else frozenset(found.names)


def is_in(secrets: frozenset[str], place: Iterable[object]) -> bool:
    return bool(secrets) and ("" in secrets or any(part in secrets for part in place))


class _Names:
    def __init__(self) -> None:
        self.names: set[str] = set()
        self._definitions: dict[str, Any] = {}
        self._seen: set[str] = set()

    def look(self, schema: Any) -> bool:
        """Whether it is a secret besides those in fields of its own, which are noted."""
        if isinstance(schema, list | tuple):
            # all of them: one further on may have fields of its own
            return sum(map(self.look, schema)) > 0
        if isinstance(schema, type) or callable(schema):
            return _is_secret(schema)
        if not isinstance(schema, Mapping):
            return False
        if schema.get("type") == "definitions":
            self._definitions |= {one["ref"]: one for one in schema["definitions"]}
            return self.look(schema["schema"])
        if schema.get("type") == "definition-ref":
            ref = schema["schema_ref"]
            if ref in self._seen:
                return False
            self._seen.add(ref)
            return self.look(self._definitions.get(ref))
        fields = schema.get("fields")
        if fields is not None:
            for name, field in _each(fields):
                if self.look(field.get("schema")):
                    self._note(name, field)
        self._note_unshown(schema)
        parts = [part for key, part in schema.items() if key not in _NO_PARTS]
        return self.look(parts)

    def _note(self, name: str, field: Mapping[str, Any]) -> None:
        self.names.update((name, *_texts([field.get("validation_alias"), field.get("alias")])))

    def _note_unshown(self, schema: Mapping[str, Any]) -> None:
        cls = schema.get("cls")
        if schema.get("type") not in ("model", "dataclass") or cls is None:
            return
        for name, field in getattr(cls, "__pydantic_fields__", {}).items():
            if not field.repr:
                self._note(name, {"validation_alias": field.validation_alias, "alias": field.alias})
        for plain in getattr(cls, "__dataclass_fields__", {}).values():
            if not plain.repr:
                self.names.add(plain.name)


#: parts of a schema that say nothing of what a value is
_NO_PARTS = frozenset({"fields", "metadata", "config", "ref", "default", "default_factory"})


def _each(fields: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(fields, Mapping):
        yield from fields.items()
    else:
        for field in fields:
            # a union of records may have none that is named
            if isinstance(field, Mapping) and "name" in field:
                yield field["name"], field


def _texts(aliases: Any) -> Iterator[str]:
    if isinstance(aliases, str):
        yield aliases
    elif isinstance(aliases, list | tuple):
        for one in aliases:
            yield from _texts(one)
    elif aliases is not None:
        # AliasPath and AliasChoices
        yield from _texts(getattr(aliases, "path", None) or getattr(aliases, "choices", None))


def _is_secret(made: Any) -> bool:
    if isinstance(made, type) and issubclass(made, SecretStr | SecretBytes):
        return True
    is_pydantic = getattr(made, "__module__", "") == "pydantic.types"
    return is_pydantic and "secret" in getattr(made, "__qualname__", "").lower()
