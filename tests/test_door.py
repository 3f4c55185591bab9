"""The public door: lazy, complete, and the same for type checkers as at run time."""

import subprocess
import sys

import pytest

import dynascope
from tests.structure.source import PACKAGE

DOOR: dict[str, str] = vars(dynascope)["_DOOR"]
PACKAGES: tuple[str, ...] = vars(dynascope)["_PACKAGES"]

#: Packages that must not load with the door, the catalogue or the help text: each costs a second or more.
SLOW = ("jax", "equinox", "diffrax", "torch", "scipy", "xarray", "matplotlib", "plotly")


def loaded_by(code: str) -> list[str]:
    """The slow packages that a fresh interpreter has loaded after running `code`."""
    probe = f"import sys\n{code}\nprint(*(m for m in {SLOW} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize("name", sorted(DOOR))
def test_name_resolves_to_its_definition(name: str) -> None:
    value = getattr(dynascope, name)
    assert value.__module__.startswith("dynascope")
    assert value.__name__ == name


@pytest.mark.parametrize("name", PACKAGES)
def test_package_resolves(name: str) -> None:
    assert getattr(dynascope, name).__name__ == f"dynascope.{name}"


def test_every_sub_package_is_offered() -> None:
    folders = {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists()}
    assert set(PACKAGES) == folders - {"cli"}


def test_dir_lists_the_door() -> None:
    assert set(dir(dynascope)) == {*DOOR, *PACKAGES, "__version__"}
    assert dynascope.__version__


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no public name `nonsense`"):
        _ = vars(dynascope)["__getattr__"]("nonsense")


def test_import_loads_nothing_slow() -> None:
    assert loaded_by("import dynascope; dir(dynascope)") == []


def test_catalogue_loads_nothing_slow() -> None:
    assert loaded_by("from dynascope import models; models.names(); models.catalogue()") == []


def test_probe_sees_slow_packages() -> None:
    assert {"jax", "equinox"} <= set(loaded_by("import dynascope; dynascope.param"))
