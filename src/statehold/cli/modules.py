"""Loads the Python modules that a command line names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from statehold.chart.machine import Definition
from statehold.errors import NotFound, StateholdError


class TargetFailed(StateholdError):
    """A module raised while it was loaded."""

    code = "target"


def load_module(where: str) -> ModuleType:
    """A module, or ``path.py``; raises ``NotFound``, and ``TargetFailed`` where it raises."""
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    importlib.invalidate_caches()
    if where.endswith(".py"):
        return _import_file(Path(where))
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name and (where == error.name or where.startswith(error.name + ".")):
            raise NotFound(f"no module is called {where!r}, looked for from {Path.cwd()}") from None
        raise _failed(where, error) from error
    except StateholdError:
        raise
    except Exception as error:
        raise _failed(where, error) from error


def definition_of(value: Any) -> Definition[Any] | None:
    """What a machine's class, or a definition, stands for; None for anything else."""
    definition = getattr(value, "definition", None)
    return definition if isinstance(definition, Definition) else None


def _import_file(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    # the file may import its neighbours
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    # a module of that name from elsewhere must not be replaced
    name = path.stem if known is None else f"{path.stem}_{abs(hash(path)):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotFound(f"{path} can't be loaded as a Python module")
    module = importlib.util.module_from_spec(spec)
    # dataclasses and pydantic look their module up while it is being run
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except StateholdError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        raise _failed(str(path), error) from error
    return module


def _failed(where: str, error: Exception) -> TargetFailed:
    """Says where in the user's code it happened, not how the import got there."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "importlib" not in f.filename and f.filename != __file__]
    place = f" at {own[-1].filename}:{own[-1].lineno}" if own else ""
    if isinstance(error, SyntaxError):
        place = f" at {error.filename}:{error.lineno}"
    return TargetFailed(f"{where} raised {type(error).__name__}{place}: {error}")
