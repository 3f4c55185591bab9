"""A folder to work in, and the command line as a function."""

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dynascope.cli import main

MINE = """
import jax.numpy as jnp
import dynascope as ds

print("importing")

class Spring(ds.AbstractFlow):
    variables = ds.variables("x v")
    k: object = ds.param(4.0, bounds=(0.0, None))
    def initial_state(self):
        return jnp.array([1.0, 0.0])
    def vector_field(self, t, y, u):
        return jnp.stack([y[1], -self.k * y[0]])

class Explosion(ds.AbstractFlow):
    def initial_state(self):
        return jnp.array([1.0])
    def vector_field(self, t, y, u):
        return y**2

class Needy(ds.AbstractFlow):
    w: object = ds.param()
    def initial_state(self):
        return jnp.array([1.0])
    def vector_field(self, t, y, u):
        return -self.w * y

class Wrong(ds.AbstractFlow):
    def initial_state(self):
        return jnp.array([1.0, 2.0])
    def vector_field(self, t, y, u):
        return y[0]

class Typo(ds.AbstractFlow):
    def initial_state(self):
        return jnp.array([1.0])
    def vector_field(self, t, y, u):
        return jnp.sine(y)

decay = ds.flow(lambda t, y, p: -p["rate"] * y, [1.0], parameters={"rate": 0.5}, names="q")

def made():
    return Spring(9.0)

def unmade():
    return 3

number = 3
"""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON object on standard output; tokens that JSON does not know are an error."""

        def refuse(token: str) -> None:
            raise AssertionError(f"{token} is not JSON")

        assert self.out.count("\n") == 1
        return json.loads(self.out, parse_constant=refuse)


@pytest.fixture
def reporting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Any]], None]:
    """Put a function in the place of all reports: the command line only passes on what it read."""

    def replace(report: Callable[..., Any]) -> None:
        stand_in = ModuleType("dynascope.report")
        names = ("report_system", "report_recording", "report_spike_trains", "report_spiking")
        vars(stand_in).update(dict.fromkeys(names, report))
        monkeypatch.setitem(sys.modules, "dynascope.report", stand_in)

    return replace


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with `mine.py` in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


@pytest.fixture
def dynascope(folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """The command line in the working folder: `dynascope("lyapunov", "henon")`."""
    del folder

    def run(*words: str) -> Outcome:
        capfd.readouterr()
        code = main(words)
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run
