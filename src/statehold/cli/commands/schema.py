"""The JSON Schema of the native notation, for editors and for programs that write machines."""

from __future__ import annotations

import json

from statehold.cli.terminal import print_document


def schema() -> None:
    """Print the JSON Schema of machines that come as JSON or YAML."""
    # imported here: it needs an extra, and takes as long as all else together
    from statehold.formats.native.schema import json_schema

    print_document(json.dumps(json_schema(), indent=1) + "\n")
