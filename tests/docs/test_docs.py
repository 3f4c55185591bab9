"""What the docs say runs: every Python block of the pages, every example of a docstring; every door has its page."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import dynascope
from tests.structure.source import ROOT
from tools.api_pages import exported, sub_packages

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITH_CODE = [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))]
MODULES = sorted(m.name for m in pkgutil.walk_packages(dynascope.__path__, "dynascope.") if "__main__" not in m.name)


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.name)
def test_blocks_of_a_page_run_in_order(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text("utf-8")
    namespace: dict[str, object] = {"__name__": "page"}
    for match in BLOCK.finditer(text):
        # Empty lines in front, so that a traceback shows the line of the page.
        before = text.count("\n", 0, match.start(1))
        exec(compile("\n" * before + match[1], str(page), "exec"), namespace)


def test_the_guides_have_code() -> None:
    guides = {"README.md", "tour.md", "extend.md", "networks.md", "recordings.md"}
    assert guides <= {page.name for page in WITH_CODE}


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings(name: str) -> None:
    # ELLIPSIS: digits that depend on the processor may be left out.
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert not outcome.failed


def test_every_public_name_has_its_page() -> None:
    marks = {
        m for page in (ROOT / "docs" / "api").glob("*.md") for m in re.findall(r"api: ([\w.*]+)", page.read_text())
    }
    for package in sub_packages("dynascope", deep=True):
        if list(exported(package)):
            covered = package in marks or f"{package.rpartition('.')[0]}.*" in marks
            assert covered, f"No page of docs/api documents `{package}`: add `<!-- api: {package} -->`."


def test_examples_are_found() -> None:
    module = importlib.import_module("dynascope.systems._adapters")
    assert doctest.testmod(module).attempted > 0
