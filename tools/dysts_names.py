"""What links the systems of `dysts` to ours: names, changed parameters, and where it departs from the source."""

import tomllib
from pathlib import Path
from typing import Any

from dynascope.models._registry import kebab_case

#: States, values and stored figures of `dysts` (`benchmarks/dysts_fixtures.py`), and the table of names beside them.
FIXTURES = Path(__file__).parents[1] / "tests" / "data"
_NAMES = tomllib.loads((FIXTURES / "dysts.toml").read_text("utf-8"))
#: Where we follow the source and `dysts` does not: its name there, such as `flow.Torus`, and what is different.
DIFFERENT: dict[str, str] = _NAMES["different"]


def ours(theirs: str) -> tuple[str, dict[str, Any]]:
    """Our name for a system of `dysts`, such as `flow.Lorenz`, and the changes that make ours the same."""
    known = _NAMES["renamed"].get(theirs, {})
    return known.get("name") or kebab_case(theirs.split(".")[1]), known.get("changes", {})
