"""The work of one unit: a fixed number of points, vectorised in one program or one after the other."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable
from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._config import one_blas_thread
from .._errors import InputError
from .._param import parameters, settings
from ..systems import AbstractSystem
from ._grid import SEED, Points
from ._identity import machine_digest
from ._outputs import (
    COMPUTED,
    NOT_FINITE,
    RAISED,
    UNSUCCESSFUL,
    Block,
    Kind,
    filler,
    flattened,
    not_finite,
    short,
    stacked,
    unsuccessful,
)

#: How a unit is computed: all points in one vectorised program, each by one compiled program, or each by plain Python.
VECTORISED, COMPILED, PLAIN = "vectorised", "compiled point by point", "point by point"


@dataclasses.dataclass(frozen=True)
class Job:
    """All that a worker needs to know.

    Args:
        function: What is computed at each point.
        system: The system to be changed, or a function of the swept values that makes it.
        points: The points.
        batch: Points per unit.
        execution: `VECTORISED`, `COMPILED` or `PLAIN`.
        outputs: Names of the outputs kept; None for all.
        seed: Seed of the keys of a sweep without a dimension of seeds.
    """

    function: Callable[..., Any]
    system: Any
    points: Points
    batch: int
    execution: str
    outputs: tuple[str, ...] | None
    seed: int = 0

    @property
    def units(self) -> int:
        """Number of units."""
        return -(-len(self.points) // self.batch)

    def positions(self, unit: int) -> np.ndarray:
        """The points of a unit, without the padding of the last one."""
        return np.arange(unit * self.batch, min((unit + 1) * self.batch, len(self.points)))


@dataclasses.dataclass(frozen=True)
class Task:
    """A unit, or the slots of it that are to be computed.

    Args:
        unit: Its number.
        slots: Places in the unit; None for all.
    """

    unit: int
    slots: tuple[int, ...] | None = None


class Worker:
    """Computes units of one job in this process; compiles once."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._kinds: dict[str, Kind] = {}
        self._arrays, self._static = eqx.partition(job.system, eqx.is_array)
        self._alone = jax.jit(self._one)
        self._together = jax.jit(jax.vmap(self._one, in_axes=(None, 0, 0, 0)))
        self._program: Any = None

    def prepared(self) -> Self:
        """This worker, once it has compiled what it can."""
        if self.job.execution == VECTORISED:
            self._program = self._together.lower(self._arrays, *self._inputs(np.zeros(self.job.batch, int))).compile()
        elif self.job.execution == COMPILED:
            self._program = self._alone.lower(self._arrays, *self._single(0)).compile()
        return self

    def run(self, task: Task) -> Block:
        """The block of a unit."""
        if self._program is None:
            self.prepared()
        positions = self.job.positions(task.unit)
        slots = np.arange(len(positions)) if task.slots is None else np.asarray(task.slots)
        with one_blas_thread():
            if self.job.execution == VECTORISED:
                return self._vectorised(task.unit, slots)
            found = [self.point(int(position)) for position in positions[slots]]
        return block_of(task.unit, slots, found, self._kinds)

    def point(self, position: int) -> Outcome:
        """One point alone."""
        try:
            if self.job.execution == COMPILED:
                arrays = jax.tree.map(np.asarray, self._program(self._arrays, *self._single(position)))
                bad = bool(not_finite({k: v[None] for k, v in arrays.items()}, 1)[0])
                return Outcome(arrays, dict(self._kinds), NOT_FINITE if bad else COMPUTED, "")
            return self._plain(position)
        except Exception as error:
            return Outcome(None, {}, RAISED, said(error))

    def shapes(self) -> dict[str, Any]:
        """Shapes and types of the outputs of one point, by tracing the function.

        Raises:
            Exception: Whatever the function raises when it is traced.
        """
        return jax.eval_shape(self._one, self._arrays, *self._single(0))

    def memory(self, lanes: int) -> int:
        """Bytes that the vectorised program needs for `lanes` points."""
        inputs = self._inputs(np.zeros(lanes, int))
        analysis: Any = self._together.lower(self._arrays, *inputs).compile().memory_analysis()
        return int(analysis.temp_size_in_bytes + analysis.output_size_in_bytes)

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each output is, once the function was traced."""
        return self._kinds

    def _inputs(self, positions: np.ndarray) -> tuple[dict[str, Any], Any, Any]:
        values = self.job.points.values(positions)
        seeds = values.pop(SEED, np.full(len(positions), self.job.seed))
        indices = self.job.points.flat(positions) // self.job.points.repeats
        return {k: jnp.asarray(v) for k, v in values.items()}, jnp.asarray(seeds), jnp.asarray(indices)

    def _single(self, position: int) -> tuple[dict[str, Any], Any, Any]:
        return jax.tree.map(lambda a: a[0], self._inputs(np.array([position])))

    def _one(self, arrays: Any, values: dict[str, Any], seed: Any, index: Any) -> dict[str, Any]:
        system = eqx.combine(arrays, self._static)
        found, kinds, _ = flattened(self._called(system, values, jax.random.fold_in(jax.random.key(seed), index)))
        if any(kind.text for kind in kinds.values()):
            raise TypeError("Text cannot be traced.")
        self._kinds = {name: kinds[name] for name in self._chosen(found)}
        return {name: jnp.asarray(found[name]) for name in self._kinds}

    def _called(self, system: Any, values: dict[str, Any], key: Any) -> Any:
        made = system.replace(**values) if isinstance(system, AbstractSystem) else system(**values)
        return call(self.job.function, made, key)

    def _chosen(self, found: dict[str, Any]) -> list[str]:
        if self.job.outputs is None:
            return list(found)
        missing = [name for name in self.job.outputs if name not in found]
        if missing:
            raise InputError(f"There is no output `{missing[0]}`. There are: {', '.join(found)}.")
        return list(self.job.outputs)

    def _plain(self, position: int) -> Outcome:
        values, seeds, indices = self._values(position)
        result = self._called(self.job.system, values, jax.random.fold_in(jax.random.key(seeds), indices))
        found, kinds, judged = flattened(result)
        arrays = {name: np.asarray(found[name]) for name in self._chosen(found)}
        kinds = {name: kinds[name] for name in arrays}
        sentence = unsuccessful(result)
        if sentence:
            return Outcome(arrays, kinds, UNSUCCESSFUL, sentence)
        bad = not judged and bool(not_finite({k: v[None] for k, v in arrays.items()}, 1)[0])
        return Outcome(arrays, kinds, NOT_FINITE if bad else COMPUTED, "")

    def _values(self, position: int) -> tuple[dict[str, Any], int, int]:
        values = {name: found[0].item() for name, found in self.job.points.values(np.array([position])).items()}
        seed = int(values.pop(SEED, self.job.seed))
        return values, seed, int(self.job.points.flat(np.array([position]))[0]) // self.job.points.repeats

    def _vectorised(self, unit: int, slots: np.ndarray) -> Block:
        positions = self.job.positions(unit)
        lanes = np.concatenate([positions, np.full(self.job.batch - len(positions), positions[-1])])
        errors = [""] * self.job.batch
        found = self._lanes(lanes, np.arange(len(positions)), errors)
        status = np.full(self.job.batch, COMPUTED, np.int8)
        if found is None:
            arrays: dict[str, np.ndarray] = {}
            bad = np.zeros(self.job.batch, bool)
        else:
            arrays = {name: array[slots] for name, array in found.items()}
            bad = not_finite(found, self.job.batch)
        raised = np.array([bool(e) for e in errors])
        status[bad] = NOT_FINITE
        status[raised] = RAISED
        texts = [errors[i] for i in slots]
        return Block(unit, slots, arrays, self._kinds, status[slots], texts, machine_digest())

    def _lanes(self, lanes: np.ndarray, slots: np.ndarray, errors: list[str]) -> dict[str, np.ndarray] | None:
        """The outputs of the lanes; where the program raises, the slots at fault are found by halving.

        The same program runs each time, with the other lanes filled by copies, so that no bit of the rest changes.
        """
        filled = np.where(np.isin(np.arange(len(lanes)), slots), lanes, lanes[slots[0]])
        try:
            found = self._program(self._arrays, *self._inputs(filled))
            return {name: np.array(array) for name, array in found.items()}
        except (jax.errors.JaxRuntimeError, eqx.EquinoxRuntimeError) as error:
            if len(slots) == 1:
                errors[int(slots[0])] = said(error)
                return None
        half = len(slots) // 2
        parts = [(part, self._lanes(lanes, part, errors)) for part in (slots[:half], slots[half:])]
        whole = next((found for _, found in parts if found is not None), None)
        if whole is None:
            return None
        whole = {name: array.copy() for name, array in whole.items()}
        for part, found in parts:
            for name, array in whole.items():
                array[part] = filler(array.dtype) if found is None else found[name][part]
        return whole


#: A line that ends a traceback within a message.
_INNER = re.compile(r"[\w.]+(Error|Exception): ")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one point gave: its outputs (None if it failed), what they are, its status, and its error if it has one."""

    arrays: dict[str, np.ndarray] | None
    kinds: dict[str, Kind]
    status: int
    error: str


def block_of(unit: int, slots: np.ndarray, found: list[Outcome], kinds: dict[str, Kind]) -> Block:
    """The block of points that were computed one by one."""
    kinds = {name: kind for outcome in found for name, kind in outcome.kinds.items()} or kinds
    status = np.array([outcome.status for outcome in found], np.int8)
    arrays = stacked([outcome.arrays for outcome in found])
    return Block(unit, slots, arrays, kinds, status, [o.error for o in found], machine_digest())


def said(error: BaseException) -> str:
    """An error as one line, cut to what a store keeps; of an error inside a compiled program its own sentence."""
    inner = [line for line in str(error).splitlines() if _INNER.match(line)]
    if inner and "Traceback" in str(error):
        return short(inner[-1].rpartition("._")[2])
    text = " ".join(str(error).split())
    return short(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def call(function: Callable[..., Any], system: Any, key: Any) -> Any:
    """`function` of a system and a key, given as the function wants it: `key=`, second, or not at all."""
    taken = inspect.signature(function).parameters
    if "key" in taken and taken["key"].kind is not inspect.Parameter.POSITIONAL_ONLY:
        return function(system, key=key)
    positional = [
        p for p in taken.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]
    return function(system, key) if len(positional) > 1 else function(system)


def check_names(system: Any, points: Points) -> bool:
    """Check that a system has the swept parameters and that all values lie in their bounds.

    Returns:
        Whether all of them may be traced: numbers, none of which is a setting.

    Raises:
        InputError: If a name is unknown or a value is out of bounds.
    """
    swept = {name: values for name, (_, values) in points.coordinates.items() if name != SEED}
    numeric = all(values.dtype.kind in "iuf" for values in swept.values())
    if not isinstance(system, AbstractSystem):
        if not callable(system):
            raise InputError(f"`system` must be a system, or a function that makes one, got {system!r}.")
        return numeric
    known, static = parameters(system), settings(system)
    for name, values in swept.items():
        if name in known and values.dtype.kind in "biuf":
            low, high = known[name][1]["bounds"]
            outside = values[
                (values < (-np.inf if low is None else low)) | (values > (np.inf if high is None else high))
            ]
            if outside.size:
                system.replace(**{name: outside[0].item()})
        else:
            system.replace(**{name: values[0].item()})
    return numeric and not any(name in static for name in swept)
