"""Lines of Python that a page shows: how to make the system, and with it each figure."""

from __future__ import annotations

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from .._param import parameters
from .._random import seed_of
from .._types import Key, State
from ..models import build, catalogue, find
from ..systems import AbstractInput, AbstractSystem, dimension, is_discrete, kind

#: Arrays of at most this many entries are written out.
_WRITTEN = 64
#: Up to this dimension random starts find the fixed points.
_FEW = 16
#: Sub-packages whose classes can be written as `ds.<sub-package>.<class>(...)`.
_KNOWN = ("systems", "solve")


class Snippets(eqx.Module):
    """What the lines of all figures of a system have in common.

    Attributes:
        head: Imports and the lines that make `system` and, where needed, `y0`, `inputs`, `key`, `solver`.
        resume: Lines that make `start`, a state on the attractor; empty where the figures begin at the initial state.
        begin: `None` or `y0`, the initial state.
        common: Arguments of every run, from the first comma on.
        equilibria: The line that makes `points`.
        discrete: Whether time advances in steps.
    """

    head: str = eqx.field(static=True)
    resume: str = eqx.field(static=True)
    begin: str = eqx.field(static=True)
    common: str = eqx.field(static=True)
    equilibria: str = eqx.field(static=True)
    discrete: bool = eqx.field(static=True)

    def shown(self, ts: Any) -> str:
        """Lines that make `run`, from the initial state on."""
        return f"{self.head}run = ds.trajectory(system, {self.begin}, {self._times(ts)}{self.common})\n"

    def long(self, ts: Any) -> str:
        """Lines that make `run`, on the attractor."""
        if not self.resume:
            # A state that is too large to be written: the run starts before the transient instead.
            doubled = ts if self.discrete or float(ts[0]) == 0 else np.linspace(0.0, float(ts[-1]), 2 * len(ts) - 1)
            return f"# This run begins at the initial state and shows how it gets there as well.\n{self.shown(doubled)}"
        return f"{self.head}{self.resume}run = ds.trajectory(system, start, {self._times(ts)}{self.common})\n"

    def exponents(self, count: int) -> str:
        """Lines that make `exponents`."""
        begin = "y0=start, transient=0.0" if self.resume else f"y0={self.begin}"
        return f"{self.head}{self.resume}exponents = ds.lyapunov_spectrum(system, k={count}, {begin}{self.common})\n"

    def _times(self, ts: Any) -> str:
        if self.discrete:
            return f"np.arange({round(float(ts[-1])) + 1})"
        return f"np.linspace({float(ts[0])!r}, {float(ts[-1])!r}, {len(ts)})"


def snippets(
    system: AbstractSystem, *, origin: str, y0: State, inputs: Any, key: Key, solver: Any, start: np.ndarray | None
) -> Snippets:
    """What the lines of all figures have in common.

    Args:
        system: The system.
        origin: Lines that make it; they may make `inputs` as well.
        y0: Initial state, or None.
        inputs: Input signal, or None.
        key: Random key of the report.
        solver: Solver given, or None.
        start: Flattened state on the attractor; None where the figures begin at the initial state.
    """
    lines, common, drive = [origin], "", ""
    if y0 is not None:
        lines.append(_said("y0", _state(y0), "the initial state"))
    if inputs is not None:
        if "inputs =" not in origin:
            lines.append(_said("inputs", written(inputs), f"the {type(inputs).__name__} signal"))
        drive = ", inputs=inputs"
    common += drive
    if kind(system) in ("sde", "random map"):
        lines.append(f"key = {_key(key)}")
        common += ", key=key"
    if solver is not None:
        lines.append(_said("solver", written(solver), f"the {type(solver).__name__} solver"))
        common += ", solver=solver"
    elif not is_discrete(system):
        common += ", solver=ds.fixed_solver(system)"
    resume = _resumed(system, start)
    body = "\n".join(lines) + "\n"
    equilibria = _equilibria(system, drive, key)
    return Snippets(
        head=f"{_imports(body + resume + equilibria)}\n{body}",
        resume=resume,
        begin="None" if y0 is None else "y0",
        common=common,
        equilibria=equilibria,
        discrete=is_discrete(system),
    )


def _imports(code: str) -> str:
    lines = ["import dynascope as ds", "import numpy as np"]
    if "ravel_pytree" in code:
        lines.append("from jax.flatten_util import ravel_pytree")
    return "\n".join((["import jax"] if "jax.random" in code else []) + lines) + "\n"


def _said(name: str, code: str | None, what: str) -> str:
    """`name = code`, or a comment that it cannot be written down."""
    return f"{name} = {code}" if code is not None else f"# `{name}` is {what} that the report was given."


def _resumed(system: AbstractSystem, start: np.ndarray | None) -> str:
    """Lines that make `start`: the state itself where it is small, else none."""
    if start is None or start.size > _WRITTEN or kind(system) == "delay flow":
        return ""
    state = system.initial_state()
    like, _ = ravel_pytree(state)
    if isinstance(state, jax.Array) and state.shape == like.shape:
        return f"start = np.array({start.tolist()!r})\n"
    return (
        "_, unravel = ravel_pytree(system.initial_state())\n"
        f"start = unravel(np.array({np.asarray(start, like.dtype).tolist()!r}))\n"
    )


def _equilibria(system: AbstractSystem, drive: str, key: Key) -> str:
    """The line that makes `points`; in many dimensions random starts alone find little, so the verdict's are shown."""
    if dimension(system) <= _FEW:
        return f"points = ds.fixed_points(system{drive})\n"
    seed = _key(key)
    chosen = "" if seed == "jax.random.key(0)" else f", key={seed}"
    return f"points = ds.regime_of(system{drive}{chosen}).fixed_points\n"


def _state(y0: State) -> str | None:
    leaves = jax.tree.leaves(y0)
    return written(leaves[0]) if len(leaves) == 1 and leaves[0] is y0 else None


def _key(key: Key) -> str:
    words = seed_of(key)
    if len(words) == 2 and words[0] == 0:
        return f"jax.random.key({words[1]})"
    return f"jax.random.wrap_key_data(np.array({words}, np.uint32))"


def written(value: Any) -> str | None:
    """`value` as Python: numbers, small arrays, keys, signals and solvers; None where it cannot be written."""
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return _key(value)
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        array = np.asarray(value)
        if array.size > _WRITTEN:
            return None
        return repr(array.item()) if array.ndim == 0 else f"np.array({array.tolist()!r})"
    if isinstance(value, eqx.Module):
        return _module(value)
    if isinstance(value, tuple) and any(isinstance(entry, eqx.Module) for entry in value):
        parts = [written(entry) for entry in value]
        return None if None in parts else f"({', '.join(map(str, parts))},)"
    if value is None or isinstance(value, bool | int | float | str | list | tuple):
        return repr(value)
    return None


def _module(value: eqx.Module) -> str | None:
    """`ds.<sub-package>.<class>(...)` with the fields that differ from their defaults."""
    package = type(value).__module__.split(".")
    if package[0] != __name__.split(".")[0] or package[1] not in _KNOWN:
        return None
    parts = []
    for field in dataclasses.fields(value):
        entry = getattr(value, field.name)
        if field.default is not dataclasses.MISSING and _same(entry, field.default):
            continue
        code = written(entry)
        if code is None:
            return None
        parts.append(f"{field.name}={code}")
    return f"ds.{package[1]}.{type(value).__name__}({', '.join(parts)})"


def _same(entry: Any, default: Any) -> bool:
    if isinstance(entry, jax.Array | np.ndarray) and not isinstance(default, eqx.Module):
        return default is not None and np.array_equal(np.asarray(entry), np.asarray(default))
    return bool(eqx.tree_equal(entry, default))


def origin_of(system: AbstractSystem, target: str) -> str:
    """Lines that make `system`: from the catalogue with its changed parameters, else a reminder of its class.

    The lines are tried: if what they make differs from `system`, as it does for a network drawn with another key, they
    are not shown.
    """
    unknown = f"# `system` is the {type(system).__name__} that was reported on: make it here as you made it there."
    if target not in {entry["name"] for entry in catalogue()} or find(target) is not type(system):
        return unknown
    standard: Any = build(target)
    changes = _changes(system, standard)
    if changes is None or not eqx.tree_equal(standard.replace(**changes), system):
        return unknown
    plain = "".join(f", {name}={written(value)}" for name, value in changes.items() if name.isidentifier())
    dotted = {name: value for name, value in changes.items() if not name.isidentifier()}
    listed = ", ".join(f"{name!r}: {written(value)}" for name, value in dotted.items())
    return f"system = ds.build({target!r}{plain}{f', **{{{listed}}}' if dotted else ''})"


def _changes(system: AbstractSystem, standard: AbstractSystem) -> dict[str, Any] | None:
    """Settings and parameters that differ from the standard ones; None if they cannot be written."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(system):
        value = getattr(system, field.name)
        if field.metadata.get("role") == "setting" and value != getattr(standard, field.name):
            changes[field.name] = value
    usual = parameters(standard)
    for name, (value, _) in parameters(system).items():
        if name not in usual or np.shape(value) != np.shape(usual[name][0]) or written(value) is None:
            if name not in usual or not np.array_equal(np.asarray(value), np.asarray(usual[name][0])):
                return None
        elif not np.array_equal(np.asarray(value), np.asarray(usual[name][0])):
            array = np.asarray(value)
            changes[name] = array.item() if array.ndim == 0 else array
    return changes


def input_name(inputs: Any) -> str:
    """How the settings name an input."""
    if inputs is None:
        return "zero"
    return written(inputs) or (type(inputs).__name__ if isinstance(inputs, AbstractInput) else "array")
