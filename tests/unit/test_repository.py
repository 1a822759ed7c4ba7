"""What holds for the files of this repository as a whole."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import statehold

ROOT = Path(__file__).parents[2]
#: made by tools, and ignored by git
MADE = {
    ".git", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", "__pycache__",
    "build", "dist", "node_modules",
}  # fmt: skip
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.in"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# built from pieces, so that this file does not contain what it looks for
INDEX_HOSTS = re.compile(
    "|".join(re.escape(".".join(parts)) for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"),
        ("yarnpkg", "com"), ("unpkg", "com"), ("jsdelivr", "net"), ("esm", "sh"),
    )) + "|" + "index" + "-url"
)  # fmt: skip
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/(?:root|home/\w+|Users/\w+|work/(?:main|shared))/")


def files(*suffixes: str) -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in MADE)
        for name in sorted(names):
            # in a worktree, .git is a file that names its checkout
            if name != ".git" and name.endswith(suffixes or ""):
                yield Path(folder, name)


def texts() -> Iterator[tuple[Path, str]]:
    for path in files():
        raw = path.read_bytes()
        if b"\0" not in raw:
            yield path, raw.decode("utf-8", errors="replace")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def places(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{relative(path)}:{number}: {match.group()}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if (match := pattern.search(line))
    ]


def test_no_file_names_a_package_index() -> None:
    assert places(INDEX_HOSTS) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert places(MACHINE_PATHS) == []


@pytest.mark.parametrize(
    "line", ["see https://" + "pypi" + ".org/project/x", "-" + "-index" + "-url https://x"]
)
def test_an_index_host_would_be_found(line: str) -> None:
    assert INDEX_HOSTS.search(line)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("open('/" + "home/ada/x')", True),
        ("cd /" + "root/x", True),
        ("~/home/ada/x", False),
        ("the path /api/home/rooms/", False),
    ],
)
def test_a_machine_path_would_be_found(line: str, found: bool) -> None:
    assert bool(MACHINE_PATHS.search(line)) is found


def test_every_module_says_what_it_is() -> None:
    silent = [
        relative(path)
        for path in files(".py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


# --- sizes ---------------------------------------------------------------------------------

FILE_LINES = 500
FUNCTION_LINES = 70
#: a comment that gives the reason: in a file's first lines, or in the line above a function
REASON = re.compile(r"^\s*# long because \S.{15,}")
#: files and functions that still have to be taken apart
STILL_LONG: set[str] = set()


def too_long(source: str) -> list[str]:
    """``""`` for the whole file, and the names of functions, that are long without a reason."""
    lines = source.splitlines()
    found = []
    if len(lines) > FILE_LINES and not any(REASON.match(line) for line in lines[:30]):
        found.append("")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > FUNCTION_LINES and not REASON.match(lines[first - 2]):
            found.append(node.name)
    return found


def test_no_file_or_function_of_the_package_is_long_without_a_reason() -> None:
    found = {
        f"{relative(path)} {name}".rstrip()
        for path in files(".py")
        if path.is_relative_to(ROOT / "src")
        for name in too_long(path.read_text(encoding="utf-8"))
    }
    assert found == STILL_LONG


def test_a_long_function_needs_its_reason_in_the_line_above() -> None:
    body = "def f():\n" + "    x = 1\n" * FUNCTION_LINES
    assert too_long(body) == ["f"]
    assert too_long("# long because each line is one row of a table\n" + body) == []


# --- versions --------------------------------------------------------------------------------


def changelog_version() -> str:
    """The version of the topmost entry: the next release, or the last one."""
    heading = re.search(
        r"^## \[(?:Unreleased\] - )?(\d+\.\d+\.\d+)",
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert heading, "CHANGELOG.md has no heading like '## [Unreleased] - 1.2.3' or '## [1.2.3] - …'"
    return heading[1]


def test_package_project_and_changelog_have_one_version() -> None:
    assert PROJECT["version"] == statehold.__version__ == changelog_version()


def test_the_installed_package_is_this_one() -> None:
    assert installed_version("statehold") == PROJECT["version"]


# --- requirements ----------------------------------------------------------------------------


def pins_in(path: Path) -> dict[str, str]:
    """The exact versions a file asks for, of the files that it includes too."""
    pins: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("-r "):
            pins |= pins_in(path.parent / line.removeprefix("-r "))
            continue
        match = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.+!]*)", line)
        assert match, f"{relative(path)}: {line!r} is not an exact pin: name==version"
        pins[canonicalize_name(match[1])] = match[2]
    return pins


def ranges() -> list[Requirement]:
    """What the package says that it can live with, all extras together."""
    stated = [*PROJECT["dependencies"]]
    for extra in PROJECT["optional-dependencies"].values():
        stated += extra
    return [r for r in map(Requirement, stated) if r.name != PROJECT["name"]]


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_are_pinned_exactly(path: Path) -> None:
    assert pins_in(path)


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_pin_has_the_hashes_of_its_files(path: Path) -> None:
    hashed: dict[str, str] = {}
    name = None
    for line in path.with_suffix(".txt").read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.+!]*) \\", line)
        if match is not None:
            name, version = canonicalize_name(match[1]), match[2]
            assert name not in hashed
        else:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
            assert name is not None
            hashed[name] = version
    assert hashed == pins_in(path), "run `make pins`"


def test_no_two_files_pin_the_same_package_differently() -> None:
    seen: dict[str, set[str]] = {}
    for path in REQUIREMENTS:
        for name, version in pins_in(path).items():
            seen.setdefault(name, set()).add(version)
    assert {name: versions for name, versions in seen.items() if len(versions) > 1} == {}


@pytest.mark.parametrize("requirement", ranges(), ids=str)
def test_a_stated_range_holds_the_version_that_is_tested(requirement: Requirement) -> None:
    requirements = ROOT / "requirements"
    pinned = pins_in(requirements / "dev.in") | pins_in(requirements / "runtime.in")
    name = canonicalize_name(requirement.name)
    assert name in pinned
    assert requirement.specifier.contains(pinned[name])


@pytest.mark.parametrize("pin", pins_in(ROOT / "requirements" / "runtime.in").items(), ids=str)
def test_the_tests_run_with_the_pinned_versions(pin: tuple[str, str]) -> None:
    name, version = pin
    assert installed_version(name) == version


def test_the_licence_of_the_package_names_those_of_what_its_studio_carries() -> None:
    named = {one.strip("() ") for one in re.split(r"\bAND\b", PROJECT["license"])}
    notices = ROOT / "src" / "statehold" / "studio" / "notices.txt"
    if not notices.is_file():
        pytest.skip("the studio is not built")
    text = notices.read_text(encoding="utf-8")
    heads = re.findall(r"^\S+ \S+ \(([^)\n]+)\)$", text, re.MULTILINE)
    # of a choice, the first one is used
    assert {head.split(" OR ")[0] for head in heads} == named


# --- documents -------------------------------------------------------------------------------

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def links(markdown: str) -> list[str]:
    """Where a document points to, other than to addresses on the web; code is not looked at."""
    found = [match[1] or match[2] for match in LINK.finditer(CODE.sub("", markdown))]
    return [link for link in found if not re.match(r"[a-z][a-z0-9+.-]*:", link)]


def anchors(markdown: str) -> set[str]:
    """The names that a document's headings can be linked by."""
    fenced = re.sub(r"^( *)(```+|~~~+).*?^\1\2 *$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", fenced, re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def leads_somewhere(link: str, document: Path) -> bool:
    place, _, anchor = link.partition("#")
    target = (document.parent / place).resolve() if place else document
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    if not anchor or target.suffix != ".md":
        return True
    return anchor in anchors(target.read_text(encoding="utf-8"))


def broken_links(document: Path) -> list[str]:
    found = links(document.read_text(encoding="utf-8"))
    return [link for link in found if not leads_somewhere(link, document)]


@pytest.mark.parametrize("document", list(files(".md")), ids=relative)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    assert broken_links(document) == []


def test_a_broken_link_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    document = tmp_path / "a.md"
    document.write_text(
        "# One thing\n[fine](#one-thing) [gone](b.md) [no heading](#other) `[code](c.md)`\n"
        "```\n[code](d.md)\n```\n[web](https://example.org) ![picture](e.png)\n",
        encoding="utf-8",
    )
    assert broken_links(document) == ["b.md", "#other", "e.png"]


# --- paths that documents name -----------------------------------------------------------------

NAMED_PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+/?|[\w-]+/)`")
#: made by the build of the studio, which a checkout may go without
BUILT = {"src/statehold/studio/"}
#: where a path in a document may start
BASES = [ROOT, ROOT / "src" / "statehold", ROOT / "studio" / "src"]


def missing_paths(markdown: str, bases: list[Path]) -> list[str]:
    """Paths in backticks that begin with a folder of the repository and lead nowhere."""
    fenced = re.sub(r"^( *)(```+|~~~+).*?^\1\2 *$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return [
        path
        for path in NAMED_PATH.findall(fenced)
        if not MADE & set(path.split("/"))
        and path not in BUILT
        and any((base / path.partition("/")[0]).is_dir() for base in bases)
        and not any((base / path).exists() for base in bases)
    ]


@pytest.mark.parametrize("document", list(files(".md")), ids=relative)
def test_paths_in_documents_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    if document.name != "CHANGELOG.md":  # it says what there was
        assert missing_paths(text, [*BASES, document.parent]) == []


def test_a_missing_path_would_be_found() -> None:
    text = "`tests/unit/` `engine/nowhere.py` `text/plain` `/api/machines`\n```\n`src/x`\n```\n"
    assert missing_paths(text, BASES) == ["engine/nowhere.py"]


def test_the_map_names_every_folder_of_the_package_and_files_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = dict(
        re.findall(r"^\| `([\w./]+)` \| [^|]+ \|(?: `([\w./]+)`[^|]* \|)?", text, re.MULTILINE)
    )
    package = ROOT / "src" / "statehold"
    parts = {path.name + ("/" if path.is_dir() else "") for path in package.iterdir()}
    parts -= {"__init__.py", "__pycache__/", "py.typed", "studio/"}
    assert parts - set(rows) == set()
    for folder, first in rows.items():
        if first and (package / folder).is_dir():
            assert (package / folder / first).is_file(), f"{folder}{first}"
