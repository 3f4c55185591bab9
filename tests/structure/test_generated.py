"""Generated files are those that the source would generate now."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.generate import GENERATED


@pytest.mark.parametrize(("path", "make"), GENERATED.items(), ids=lambda x: x.name if isinstance(x, Path) else "")
def test_generated_file_is_up_to_date(path: Path, make: Callable[[], str]) -> None:
    assert path.read_text("utf-8") == make(), f"`{path.name}` is out of date: run `python -m tools.generate`."
