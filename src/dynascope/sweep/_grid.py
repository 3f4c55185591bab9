"""Which points a sweep visits: products of lists and ranges, random and Sobol samples, and conditions on them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .._errors import InputError

#: Name of the dimension that repeats a point with different seeds.
SEED = "seed"


@dataclasses.dataclass(frozen=True)
class Range:
    """`count` values from `start` to `stop`, both included, evenly spaced (or in the logarithm).

    Args:
        start: First value.
        stop: Last value.
        count: How many.
        log: Whether to space them evenly in the logarithm.

    Example:
        >>> Range(0.0, 1.0, 3).values().tolist()
        [0.0, 0.5, 1.0]
    """

    start: float
    stop: float
    count: int
    log: bool = False

    def __post_init__(self) -> None:
        if self.count < 1 or not (math.isfinite(self.start) and math.isfinite(self.stop)):
            raise InputError(
                f"`Range` needs finite ends and at least one value, got {self.start}, {self.stop} and {self.count}."
            )
        if self.log and not self.start * self.stop > 0:
            raise InputError(f"`Range(log=True)` needs ends of one sign, got {self.start} and {self.stop}.")

    def values(self) -> np.ndarray:
        """The values."""
        space = np.geomspace if self.log else np.linspace
        return space(self.start, self.stop, self.count)


@dataclasses.dataclass(frozen=True)
class Together:
    """Parameters that vary together, one value of each per point: one dimension instead of a product.

    Args:
        values: Sequences of one length by name.
        dim: Name of the dimension.
    """

    values: Mapping[str, Any]
    dim: str = "point"

    def expanded(self) -> dict[str, np.ndarray]:
        """The values of each name along the dimension."""
        return {name: axis_values(name, values) for name, values in self.values.items()}


@dataclasses.dataclass(frozen=True)
class Random:
    """Independent uniform draws from a box.

    Args:
        box: Interval `(low, high)` by name.
        count: Number of points.
        seed: Seed of the draws.
        log: Names that are drawn uniformly in the logarithm.
        dim: Name of the dimension.
    """

    box: Mapping[str, tuple[float, float]]
    count: int
    seed: int = 0
    log: tuple[str, ...] = ()
    dim: str = "sample"

    def expanded(self) -> dict[str, np.ndarray]:
        """The values of each name along the dimension."""
        shares = np.random.default_rng(self.seed).random((self.count, len(self.box)))
        return _scaled(shares, self.box, self.log)


@dataclasses.dataclass(frozen=True)
class Sobol:
    """Points that fill a box evenly, by the scrambled sequence of Sobol; counts that are powers of two are best.

    Args:
        box: Interval `(low, high)` by name.
        count: Number of points.
        seed: Seed of the scrambling.
        log: Names that are spread uniformly in the logarithm.
        dim: Name of the dimension.

    Reference:
        Sobol (1967), On the distribution of points in a cube and the approximate evaluation of integrals, USSR
        Computational Mathematics and Mathematical Physics 7, 86-112.
    """

    box: Mapping[str, tuple[float, float]]
    count: int
    seed: int = 0
    log: tuple[str, ...] = ()
    dim: str = "sample"

    def expanded(self) -> dict[str, np.ndarray]:
        """The values of each name along the dimension."""
        from scipy.stats import qmc

        engine = qmc.Sobol(len(self.box), scramble=True, rng=np.random.default_rng(self.seed))
        shares = engine.random_base2(max(0, math.ceil(math.log2(max(1, self.count)))))[: self.count]
        return _scaled(shares, self.box, self.log)


def _scaled(shares: np.ndarray, box: Mapping[str, tuple[float, float]], log: tuple[str, ...]) -> dict[str, np.ndarray]:
    if not len(shares) or not box:
        raise InputError("A sample needs at least one parameter and a `count` of at least 1.")
    unknown = [name for name in log if name not in box]
    if unknown:
        raise InputError(f"`log` names `{unknown[0]}`, which is not in the box. It has: {', '.join(box)}.")
    found: dict[str, np.ndarray] = {}
    for column, (name, ends) in zip(shares.T, box.items(), strict=True):
        low, high = ends
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise InputError(f"The interval of `{name}` must be finite and increase, got ({low}, {high}).")
        if name in log:
            if not low > 0:
                raise InputError(f"`{name}` is drawn in the logarithm, so its interval must be positive, got {low}.")
            found[name] = np.exp(np.log(low) + column * (np.log(high) - np.log(low)))
        else:
            found[name] = low + column * (high - low)
    return found


@dataclasses.dataclass(frozen=True, init=False)
class Grid:
    """The product of several parts, or those points of it that meet a condition.

    Args:
        *parts: Mappings from names to values (each a dimension of its own), `Together`, `Random` and `Sobol`.
        where: Condition on the points: a function of a dictionary of arrays, the value of each parameter at all points,
            that returns a boolean array. Points that fail it are left out: not computed, and NaN in the result.

    Example:
        >>> grid = Grid({"a": [1, 2, 3], "b": [1, 2, 3]}, where=lambda p: p["a"] < p["b"])
        >>> len(points_of(grid))
        3
    """

    parts: tuple[Any, ...]
    where: Callable[[dict[str, np.ndarray]], Any] | None

    def __init__(self, *parts: Any, where: Callable[[dict[str, np.ndarray]], Any] | None = None) -> None:
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "where", where)


@dataclasses.dataclass(frozen=True)
class Points:
    """All points of a sweep, in the order of the product with the last dimension fastest.

    Args:
        dims: Sizes of the dimensions by name.
        coordinates: For each swept name, its dimension and its values along it.
        kept: Flat indices of the points that are computed; None for all.
    """

    dims: dict[str, int]
    coordinates: dict[str, tuple[str, np.ndarray]]
    kept: np.ndarray | None = None

    def __len__(self) -> int:
        return self.size if self.kept is None else len(self.kept)

    @property
    def size(self) -> int:
        """Number of points of the full product."""
        return math.prod(self.dims.values())

    @property
    def repeats(self) -> int:
        """Number of seeds of each point."""
        return self.dims.get(SEED, 1)

    def flat(self, positions: np.ndarray) -> np.ndarray:
        """Indices into the full product of the points at `positions` of those that are computed."""
        return np.asarray(positions) if self.kept is None else self.kept[positions]

    def values(self, positions: np.ndarray) -> dict[str, np.ndarray]:
        """The value of each swept name, seeds among them, at `positions`."""
        where = dict(zip(self.dims, np.unravel_index(self.flat(positions), tuple(self.dims.values())), strict=True))
        return {name: values[where[dim]] for name, (dim, values) in self.coordinates.items()}


def points_of(grid: Any, seeds: Any = None) -> Points:
    """All points of `grid`, each repeated with `seeds`.

    Args:
        grid: A `Grid`, one of its parts, or a mapping from names to values.
        seeds: None for one run of each point with seed 0; a number n for n runs with seeds 0 to n - 1; or the seeds.

    Raises:
        InputError: If a name comes twice, a part is empty, or lengths do not fit.
    """
    grid = grid if isinstance(grid, Grid) else Grid(grid)
    dims: dict[str, int] = {}
    coordinates: dict[str, tuple[str, np.ndarray]] = {}
    for part in grid.parts:
        for dim, columns in _columns(part):
            if dim in dims:
                raise InputError(f"Two parts of the grid make the dimension `{dim}`. Give one of them another `dim`.")
            lengths = {len(values) for values in columns.values()}
            if len(lengths) != 1 or 0 in lengths:
                raise InputError(f"`{dim}`: all parameters need the same number of values, at least 1, got {lengths}.")
            dims[dim] = lengths.pop()
            for name, values in columns.items():
                if name in coordinates or name == SEED:
                    hint = " Use `seeds=` for seeds." if name == SEED else " Give it once."
                    raise InputError(f"The grid names `{name}` twice, or it is reserved.{hint}")
                coordinates[name] = (dim, values)
    if not dims:
        raise InputError("The grid is empty. Give for instance `{'rho': [1.0, 2.0]}`.")
    given = _seeds(seeds)
    if given is not None:
        dims[SEED] = len(given)
        coordinates[SEED] = (SEED, given)
    points = Points(dims, coordinates)
    return points if grid.where is None else _filtered(points, grid.where)


def _columns(part: Any) -> list[tuple[str, dict[str, np.ndarray]]]:
    match part:
        case Together() | Random() | Sobol():
            return [(part.dim, part.expanded())]
        case Mapping():
            return [(name, {name: axis_values(name, values)}) for name, values in part.items()]
    raise InputError(
        f"A part of the grid must be a mapping from names to values, `Together`, `Random` or `Sobol`, got {part!r}."
    )


def _filtered(points: Points, where: Callable[[dict[str, np.ndarray]], Any]) -> Points:
    chosen = np.asarray(where(points.values(np.arange(points.size))))
    if chosen.shape != (points.size,) or chosen.dtype != bool:
        raise InputError(
            f"`where` must return one truth value for each of the {points.size} points, got shape {chosen.shape} of "
            f"type {chosen.dtype}. It is given arrays: write `&` for `and`."
        )
    kept = np.flatnonzero(chosen)
    if not len(kept):
        raise InputError("No point of the grid meets the condition `where`.")
    return Points(points.dims, points.coordinates, kept)


def axis_values(name: str, values: Any) -> np.ndarray:
    """The values of one name as an array of numbers, truth values or text.

    Raises:
        InputError: If they are something else, not finite, or an array per point.
    """
    if isinstance(values, Range):
        return values.values()
    if isinstance(values, str) or (not isinstance(values, Sequence | np.ndarray | range) and not _is_array(values)):
        raise InputError(f"`{name}` needs a sequence of values or `Range(start, stop, count)`, got {values!r}.")
    found = np.asarray(values)
    if found.ndim != 1:
        raise InputError(
            f"`{name}` needs one number (or word) per point, got shape {found.shape}. To sweep over arrays, give a "
            "function that makes the system from an index."
        )
    if found.dtype.kind not in "biufU":
        raise InputError(f"The values of `{name}` must be numbers or text, got type {found.dtype}.")
    if found.dtype.kind == "f" and not np.all(np.isfinite(found)):
        raise InputError(f"The values of `{name}` must be finite, got {found[~np.isfinite(found)][0]}.")
    if len(np.unique(found)) != len(found):
        raise InputError(f"The values of `{name}` must differ, but some come twice. To repeat points, use `seeds`.")
    return found


def _is_array(values: Any) -> bool:
    return isinstance(getattr(values, "shape", None), tuple)


def _seeds(seeds: Any) -> np.ndarray | None:
    if seeds is None:
        return None
    found = np.arange(seeds) if isinstance(seeds, int) else np.asarray(seeds)
    if found.ndim != 1 or not found.size or found.dtype.kind not in "iu" or np.any(found < 0):
        raise InputError(f"`seeds` must be a number of at least 1 or a list of whole numbers from 0 on, got {seeds!r}.")
    if len(np.unique(found)) != len(found):
        raise InputError("`seeds` must differ: the same seed gives the same numbers again.")
    return found.astype(np.int64)
