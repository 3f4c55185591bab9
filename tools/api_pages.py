"""A hook of MkDocs: fill the API pages from the public doors of the sub-packages, so that they cannot drift.

The line `<!-- api: dynascope.systems -->` becomes the documentation of each name that `dynascope.systems` exports;
`<!-- api: dynascope.models.* -->` does so for each sub-package in turn, under a heading of its own, and
`<!-- catalogue -->` becomes a table of the systems that have a name.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[1] / "src"
MARK = re.compile(r"^<!-- api: ([\w.]+?)(\.\*)? -->$", re.MULTILINE)


def exported(package: str) -> Iterator[tuple[str, str]]:
    """Each name that a package exports, and the module that it comes from, in the order of the door."""
    door = SOURCE.joinpath(*package.split("."), "__init__.py")
    for node in ast.parse(door.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                if alias.asname == alias.name:
                    yield alias.name, node.module or ""


def sub_packages(package: str) -> list[str]:
    """The sub-packages of a package, sorted."""
    folder = SOURCE.joinpath(*package.split("."))
    return sorted(f"{package}.{door.parent.name}" for door in folder.glob("*/__init__.py"))


def documented(package: str) -> str:
    """The directives for all names of a package."""
    return "\n\n".join(f"::: {package}.{name}" for name, _ in exported(package))


def catalogue() -> str:
    """The index of named systems as a table."""
    entries = json.loads((SOURCE / "dynascope" / "_index.json").read_text("utf-8"))
    columns = ("name", "kind", "dimension", "family", "reference")
    rows = [[str(entry[column]).replace("|", "&#124;") for column in columns] for entry in entries]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(columns), ["---"] * len(columns), *rows])


def expanded(markdown: str) -> str:
    """A page with each mark replaced by what it stands for."""

    def replacement(match: re.Match[str]) -> str:
        package, each = match.group(1), match.group(2)
        if not each:
            return documented(package)
        return "\n\n".join(f"## {p.rsplit('.')[-1]}\n\n{documented(p)}" for p in sub_packages(package) if documented(p))

    return MARK.sub(replacement, markdown.replace("<!-- catalogue -->", catalogue()))


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for every page."""
    return expanded(markdown)
