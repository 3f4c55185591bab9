"""All fixed points in a box, with proof: Krawczyk's operator on boxes that are halved until each is decided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from ..._config import one_blas_thread
from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...systems import AbstractSystem, Box, is_discrete, kind, state_variables
from .._precision import require_64_bit
from .._region import start_region
from . import _interval as iv
from ._classify import classified, eigenvalues_at
from ._fixed_points import fixed_points
from ._frozen import Frozen, frozen_at
from ._interval import Interval
from ._interval_rules import NoBounds, interval_extension

Array = NDArray[np.float64]

#: Boxes that are looked at in one go.
_BATCH = 64
#: Sizes of boxes around known points in which they are tried to be alone, as shares of the region, the largest first.
_AROUND = 10.0 ** -np.arange(1.0, 12.0)
#: A box that has shrunk to less than this part of its size need not be halved.
_SHRUNK = 0.6
#: Boxes smaller than this part of the region stay undecided.
_SMALLEST = 1e-9
#: Contractions of the enclosure of a point.
_CONTRACTIONS = 6


class EnclosedFixedPoints(AbstractResult):
    """Fixed points in a box, each in a small box of its own in which it is proven to exist and to be alone.

    Attributes:
        complete: Whether it is proven that there are no others in the region.
        names: Names of the components.
        boxes: Number of boxes that were looked at.
        states: Flattened midpoints of the enclosures.
        low: Lower ends of the enclosures.
        high: Upper ends.
        stability: Names, from the eigenvalues at the midpoints: those are not proven.
        undecided_low: Lower ends of boxes in which it stayed open whether there is a fixed point.
        undecided_high: Upper ends.
        region_low: Lower end of the region.
        region_high: Upper end.
    """

    complete: bool
    stability: tuple[str, ...] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    boxes: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    states: Array = output("fixed_point", "component", doc="midpoints of the enclosures")
    low: Array = output("fixed_point", "component", doc="lower ends of the enclosures")
    high: Array = output("fixed_point", "component", doc="upper ends of the enclosures")
    undecided_low: Array = output("undecided_box", "component", doc="lower ends of undecided boxes")
    undecided_high: Array = output("undecided_box", "component", doc="upper ends of undecided boxes")
    region_low: Array = output("component", doc="lower end of the region")
    region_high: Array = output("component", doc="upper end of the region")

    def __len__(self) -> int:
        return len(self.states)

    def summary(self) -> str:
        """How many points there are, how sharply they are known, and whether there can be others."""
        widest = float(np.max(self.high - self.low, initial=0.0))
        count = f"{len(self)} fixed point(s)" + (f", enclosed to {widest:.1e}" if len(self) else "")
        if self.complete:
            return f"{count}: proven to exist, and to be all in the region ({self.boxes} boxes)."
        return (
            f"{count}: proven to exist. {len(self.undecided_low)} box(es) of {self.boxes} stayed undecided, so there "
            "may be others. Raise `max_boxes`, or narrow the region."
        )


class _Maps(NamedTuple):
    """The residual and its Jacobian on batches of boxes, and the width of the region."""

    value: Callable[[Interval], tuple[Interval, bool]]
    slope: Callable[[Interval], tuple[Interval, bool]]
    width: Array


class _Decided(NamedTuple):
    """What Krawczyk's operator says of boxes: none there, one there, and where a point could still be."""

    none: NDArray[np.bool_]
    one: NDArray[np.bool_]
    left: Interval


def enclosed_fixed_points(
    system: AbstractSystem,
    *,
    region: Box | None = None,
    inputs: Any = None,
    max_boxes: int = 50_000,
    key: Key | None = None,
) -> EnclosedFixedPoints:
    r"""All fixed points in a box, each proven to exist, with a proof that there are no others.

    For a box X with midpoint c, $K(X) = c - Y f(c) + (1 - Y f'(X)) (X - c)$ holds every zero of f in X: if K(X) does
    not meet X there is none, if it lies inside X there is exactly one. Boxes that neither says are cut to
    $K(X) \cap X$ or halved. All this is done in interval arithmetic that rounds outward, on the very operations that
    the system's rule consists of (the parameters are the floating-point numbers that they are). The work grows fast
    with the dimension: it suits two or three components, and more where the rule is close to linear.

    Args:
        system: A flow or a map without noise, delays and events, of components on the line.
        region: The box; None takes the system's own, else that of a pilot run.
        inputs: Constant input.
        max_boxes: Boxes that are looked at, at most.
        key: Random key of the search for candidates; None takes seed 0.

    Returns:
        An `EnclosedFixedPoints` result; its code is `not_converged` if boxes stayed undecided.

    Raises:
        InputError: For systems of another kind, or a rule with an operation without bounds (loops, rounding, ...).

    Reference:
        Krawczyk (1969), Newton-Algorithmen zur Bestimmung von Nullstellen mit Fehlerschranken, Computing 4, 187-201;
        Moore, Kearfott and Cloud (2009), Introduction to interval analysis, SIAM, chapter 8.

    Example:
        >>> import dynascope as ds
        >>> found = enclosed_fixed_points(ds.build("lorenz"))
        >>> len(found), found.complete
        (3, True)
    """
    require_64_bit("A proof by intervals")
    variables = state_variables(system)
    if kind(system) not in ("flow", "map") or any(v.topology == "circle" for v in variables):
        raise InputError(
            f"`enclosed_fixed_points` is for flows and maps on the line, `{type(system).__name__}` is a {kind(system)} "
            "or has angles. Use `fixed_points`."
        )
    key = key if key is not None else jax.random.key(0)
    frozen = frozen_at(system, inputs, 0.0)
    box, source = start_region(system, region, inputs=frozen.u, key=key)
    low, high = (np.asarray(ravel_pytree(side)[0], float) for side in (box.low, box.high))
    known = fixed_points(system, region=box, inputs=inputs, key=key, throw=False).states
    try:
        maps = _extended(frozen, high - low)
        with one_blas_thread():
            found, undecided, looked = _searched(maps, Interval(low, high), known, max_boxes)
    except NoBounds as error:
        raise InputError(
            f"The rule of `{type(system).__name__}` uses `{error}`, for which no bounds are known. Use `fixed_points`."
        ) from error
    inside = np.all((found.hi >= low) & (found.lo <= high), axis=1)
    found = Interval(found.lo[inside], found.hi[inside])
    states = 0.5 * (found.lo + found.hi)
    names, unstable = classified(eigenvalues_at(frozen, states), is_discrete(system))
    order = np.argsort(unstable, kind="stable")
    return EnclosedFixedPoints(
        complete=not len(undecided.lo),
        stability=tuple(names[i] for i in order),
        names=tuple(v.name for v in variables),
        boxes=looked,
        result=RESULTS.not_converged if len(undecided.lo) else RESULTS.successful,
        settings=provenance(system=type(system).__name__, region=source, max_boxes=max_boxes),
        states=states[order],
        low=found.lo[order],
        high=found.hi[order],
        undecided_low=undecided.lo,
        undecided_high=undecided.hi,
        region_low=low,
        region_high=high,
    )


def _extended(frozen: Frozen, width: Array) -> _Maps:
    like = jnp.zeros((_BATCH, width.size))
    value = interval_extension(jax.vmap(frozen.residual), like)
    return _Maps(value, interval_extension(jax.vmap(jax.jacfwd(frozen.residual)), like), np.maximum(width, 1e-300))


def _filled(function: Callable[[Interval], tuple[Interval, bool]], boxes: Interval) -> tuple[Interval, bool]:
    """`function` on fewer boxes than a batch holds."""
    count = len(boxes.lo)
    padded = Interval(*(np.concatenate([side, np.repeat(side[:1], _BATCH - count, axis=0)]) for side in boxes))
    found, jumps = function(padded)
    return Interval(found.lo[:count], found.hi[:count]), jumps


def _values(maps: _Maps, boxes: Interval) -> tuple[Interval, NDArray[np.bool_]]:
    """Bounds of the residual on each box, and whether it may jump there."""
    value, jumps = _filled(maps.value, boxes)
    count = len(boxes.lo)
    if not jumps or count == 1:
        return value, np.full(count, jumps)
    # It may jump on some of them: each half by itself.
    halves = [slice(None, count // 2), slice(count // 2, None)]
    parts = [_values(maps, Interval(boxes.lo[half], boxes.hi[half]))[1] for half in halves]
    return value, np.concatenate(parts)


def _krawczyk(maps: _Maps, boxes: Interval) -> _Decided:
    """What the operator says of each of one batch of boxes; where the residual may jump only its bounds tell."""
    value, jumps = _values(maps, boxes)
    empty = np.any((value.lo > 0) | (value.hi < 0), axis=1)
    middle = 0.5 * (boxes.lo + boxes.hi)
    slope, _ = _filled(maps.slope, boxes)
    with np.errstate(all="ignore"):
        guess = 0.5 * (slope.lo + slope.hi)
    usable = np.all(np.isfinite(guess), axis=(1, 2))
    guess = np.where(usable[:, None, None], guess, np.eye(guess.shape[1]))
    y = iv.point(np.linalg.pinv(guess))
    at, _ = _filled(maps.value, iv.point(middle))
    identity = iv.point(np.broadcast_to(np.eye(guess.shape[1]), guess.shape))
    off = iv.subtract(identity, _product(y, slope))
    centred = iv.subtract(boxes, iv.point(middle))
    image = iv.add(
        iv.subtract(iv.point(middle), _on_vector(y, at)),
        _on_vector(off, centred),
    )
    outside = np.any((image.hi < boxes.lo) | (image.lo > boxes.hi), axis=1)
    inside = np.all((image.lo > boxes.lo) & (image.hi < boxes.hi), axis=1)
    whole = jumps[:, None]
    left = Interval(
        np.where(whole, boxes.lo, np.maximum(image.lo, boxes.lo)),
        np.where(whole, boxes.hi, np.minimum(image.hi, boxes.hi)),
    )
    return _Decided(empty | (outside & ~jumps), inside & ~empty & ~jumps, left)


def _product(a: Interval, b: Interval) -> Interval:
    """Products of matrices, shape `(boxes, d, d)`."""
    return _summed(
        iv.multiply(
            Interval(a.lo[:, :, :, None], a.hi[:, :, :, None]),
            Interval(b.lo[:, None], b.hi[:, None]),
        )
    )


def _on_vector(a: Interval, x: Interval) -> Interval:
    """Matrices on vectors."""
    found = _product(a, Interval(x.lo[..., None], x.hi[..., None]))
    return Interval(found.lo[..., 0], found.hi[..., 0])


def _summed(a: Interval) -> Interval:
    """Sums over the third axis."""
    total = Interval(a.lo[:, :, 0], a.hi[:, :, 0])
    for i in range(1, a.lo.shape[2]):
        total = iv.add(total, Interval(a.lo[:, :, i], a.hi[:, :, i]))
    return total


def _searched(maps: _Maps, region: Interval, known: Array, most: int) -> tuple[Interval, Interval, int]:
    """Enclosures of the points, undecided boxes, and how many boxes were looked at."""
    d = maps.width.size
    alone, found = [], []
    for state in known:
        if any(np.all((state > u.lo) & (state < u.hi)) for u in alone):
            continue
        made = _around(maps, state)
        if made is not None:
            alone.append(made[0])
            found.append(made[1])
    waiting, undecided, looked = [(region.lo, region.hi)], [], 0
    while waiting:
        batch, waiting = waiting[-_BATCH:], waiting[:-_BATCH]
        batch = [(a, b) for a, b in batch if not any(np.all((a >= u.lo) & (b <= u.hi)) for u in alone)]
        if not batch:
            continue
        if looked + len(batch) > most:
            undecided += [*batch, *waiting]
            break
        boxes = Interval(np.array([a for a, _ in batch]), np.array([b for _, b in batch]))
        looked += len(batch)
        said = _krawczyk(maps, boxes)
        for i in np.flatnonzero(~said.none).tolist():
            box, left = Interval(boxes.lo[i], boxes.hi[i]), Interval(said.left.lo[i], said.left.hi[i])
            if said.one[i]:
                tight = _tightened(maps, left)
                # It is a known one if it lies where that is alone, or if that lies where this one is.
                same = any(_within(tight, u) for u in alone) or any(_within(f, box) for f in found)
                alone.append(box)
                found += [] if same else [tight]
                continue
            if np.all(box.hi - box.lo <= _SMALLEST * maps.width):
                undecided.append((box.lo, box.hi))
                continue
            waiting += _cut(maps, box, left)
    empty = np.zeros((0, d))
    return _stacked([(f.lo, f.hi) for f in found], empty), _stacked(undecided, empty), looked


def _within(a: Interval, b: Interval) -> bool:
    """Whether a box lies in another one."""
    return bool(np.all((a.lo >= b.lo) & (a.hi <= b.hi)))


def _stacked(boxes: list[tuple[Array, Array]], empty: Array) -> Interval:
    return (
        Interval(np.array([a for a, _ in boxes]), np.array([b for _, b in boxes])) if boxes else Interval(empty, empty)
    )


def _cut(maps: _Maps, box: Interval, left: Interval) -> list[tuple[Array, Array]]:
    """What is left of a box, whole where it is much smaller than before, else in two halves."""
    size = (left.hi - left.lo) / maps.width
    if np.max(size) < _SHRUNK * np.max((box.hi - box.lo) / maps.width):
        return [(left.lo, left.hi)]
    widest = int(np.argmax(size))
    middle = 0.5 * (left.lo[widest] + left.hi[widest])
    first, second = left.hi.copy(), left.lo.copy()
    first[widest], second[widest] = middle, middle
    return [(left.lo, first), (second, left.hi)]


def _around(maps: _Maps, state: Array) -> tuple[Interval, Interval] | None:
    """A box around a known point in which it is proven to be alone, as large as may be, and a tight enclosure."""
    sizes = _AROUND[:, None] * np.maximum(maps.width, 1e-9)
    boxes = Interval(state - sizes, state + sizes)
    said = _krawczyk(maps, boxes)
    good = np.flatnonzero(said.one)
    if not len(good):
        return None
    i = int(good[0])
    last = int(good[-1])
    tight = _tightened(maps, Interval(said.left.lo[last], said.left.hi[last]))
    return Interval(boxes.lo[i], boxes.hi[i]), tight


def _tightened(maps: _Maps, box: Interval) -> Interval:
    """A smaller enclosure of the one point in a box."""
    for _ in range(_CONTRACTIONS):
        left = _krawczyk(maps, Interval(box.lo[None], box.hi[None])).left
        new = Interval(left.lo[0], left.hi[0])
        if not np.all(new.lo <= new.hi) or np.max(new.hi - new.lo) > 0.5 * np.max(box.hi - box.lo):
            return box
        box = new
    return box
