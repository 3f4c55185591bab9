"""A hook of MkDocs: fill the API pages from the public doors of the sub-packages, so that they cannot drift.

The line `<!-- api: dynascope.systems -->` becomes the documentation of each name that `dynascope.systems` exports;
`<!-- api: dynascope.models.* -->` does so for each sub-package in turn, under a heading of its own,
`<!-- catalogue -->` becomes a table of the systems that have a name, `<!-- known answers -->` one of the numbers that
`benchmarks/known_answers.py` has measured, `<!-- certificates -->` and its neighbours those of `certificate_tables`,
`<!-- study: aelle -->` the claims of a study and their verdicts, as the benchmark of that name has found them, and
`<!-- door -->` one of the names at the top of the package. A name that two doors of a page offer comes once.
"""

import ast
import functools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# MkDocs loads this file by its path, so that the folder of the tools is not known to Python.
sys.path.insert(0, str(Path(__file__).parents[1]))
from tools import certificate_tables, lyapunov_tables

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
#: Where the names of each part of the package are described.
DESCRIBED = {
    "_errors": "[Failure and results](failure.md)",
    "_param": "this page",
    "_results": "[Failure and results](failure.md)",
    "_types": "this page",
    "analysis": "[Analyses](analysis.md)",
    "data": "[Data](data.md)",
    "models": "[Models](models.md)",
    "plots": "[Plots and reports](show.md)",
    "report": "[Plots and reports](show.md)",
    "series": "[Series](series.md)",
    "solve": "[Time](solve.md)",
    "systems": "[Systems](systems.md)",
}
MARK = re.compile(r"^<!-- api: ([\w.]+?)(\.\*)? -->$", re.MULTILINE)


def exported(package: str) -> Iterator[tuple[str, str]]:
    """Each name that a package exports, and the module that it comes from, in the order of the door."""
    door = SOURCE.joinpath(*package.split("."), "__init__.py")
    for node in ast.parse(door.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            for alias in node.names:
                if alias.asname == alias.name:
                    yield alias.name, node.module or ""


def sub_packages(package: str, *, deep: bool = False) -> list[str]:
    """The sub-packages of a package, sorted; `deep` includes theirs in turn."""
    folder = SOURCE.joinpath(*package.split("."))
    found = sorted(f"{package}.{door.parent.name}" for door in folder.glob("*/__init__.py"))
    return [p for f in found for p in (f, *sub_packages(f, deep=True))] if deep else found


def documented(package: str) -> str:
    """The directives for all names of a package."""
    return "\n\n".join(f"::: {package}.{name}" for name, _ in exported(package))


def catalogue() -> str:
    """The index of named systems as a table."""
    entries = json.loads((SOURCE / "dynascope" / "_index.json").read_text("utf-8"))
    columns = ("name", "kind", "dimension", "family", "reference")
    rows = [[str(entry[column]).replace("|", "&#124;") for column in columns] for entry in entries]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(columns), ["---"] * len(columns), *rows])


def door() -> str:
    """The names at the top of the package, by the page that describes them."""
    text = (SOURCE / "dynascope" / "__init__.py").read_text("utf-8")
    (literal,) = (
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "_DOOR"
    )
    names: dict[str, list[str]] = {}
    for name, home in ast.literal_eval(literal).items():
        names.setdefault(DESCRIBED[home.split(".")[1]], []).append(f"`{name}`")
    rows = [f"| {', '.join(some)} | {page} |" for page, some in sorted(names.items(), key=lambda entry: entry[0])]
    return "\n".join(["| names | described under |", "| --- | --- |", *rows])


def known_answers() -> str:
    """The measured numbers beside their references as a table."""
    text = (ROOT / "benchmarks" / "results" / "known_answers.json").read_text("utf-8")
    head = ("quantity", "reference", "measured", "standard error")
    rows = [
        (row["quantity"], f"{row['reference']:.7g}", f"{row['value']:.7g}", f"{row['stderr']:.1g}")
        for row in json.loads(text)["numbers"]
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ("---",) * len(head), *rows])


def claims(study: str) -> str:
    """The claims of a study with their verdicts as a table."""
    facts = json.loads((ROOT / "benchmarks" / "results" / f"{study}.json").read_text("utf-8"))
    head = ("claim", "published", "measured (95 % interval)", "reproduced above, not below", "verdict")
    rows = [
        (
            claim["statement"],
            "–" if claim["published"] is None else f"{claim['published']:g}",
            "{value:.2f} ({low:.2f} to {high:.2f})".format(**claim["measured"]),
            " and ".join(dict.fromkeys(re.findall(r"lies (?:above|below) ([-\d.]+)", claim["tolerance"]))),
            claim["verdict"],
        )
        for claim in facts["claims"]
    ]
    cells = [[cell.replace("|", "&#124;") for cell in row] for row in (head, ("---",) * len(head), *rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def expanded(markdown: str) -> str:
    """A page with each mark replaced by what it stands for."""
    seen: set[str] = set()

    def once(package: str) -> str:
        directives = []
        for name, module in exported(package):
            # A door passes on names of a sub-package's door: `.derived` of `systems` and that of `systems.derived`.
            home = f"{package}.{module}.{name}" if module and not module.startswith("_") else f"{package}.{name}"
            if home not in seen:
                seen.add(home)
                directives.append(f"::: {package}.{name}")
        return "\n\n".join(directives)

    def replacement(match: re.Match[str]) -> str:
        package, each = match.group(1), match.group(2)
        if not each:
            return once(package)
        return "\n\n".join(f"## {p.rsplit('.')[-1]}\n\n{once(p)}" for p in sub_packages(package) if documented(p))

    tables = {"catalogue": catalogue, "known answers": known_answers, "door": door} | {
        "certificates": certificate_tables.certificates,
        "compared with dysts": certificate_tables.compared,
        "departures from dysts": certificate_tables.departures,
        "agreement with dysts": certificate_tables.agreement,
        "published exponents": certificate_tables.in_the_literature,
        "agreement with the literature": certificate_tables.literature,
        "lyapunov table": lyapunov_tables.known,
        "extensive chaos": lyapunov_tables.extensive,
    }
    studied = re.findall(r"<!-- study: (\w+) -->", markdown)
    tables |= {f"study: {name}": functools.partial(claims, name) for name in studied}
    for mark, table in tables.items():
        if f"<!-- {mark} -->" in markdown:
            markdown = markdown.replace(f"<!-- {mark} -->", table())
    return MARK.sub(replacement, markdown)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs for every page."""
    return expanded(markdown)
