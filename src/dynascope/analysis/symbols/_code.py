"""The linear regions that an orbit of a piecewise-linear map visits."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import numpy as np

from ..._errors import InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import State
from ...solve import trajectory
from ...systems import AbstractPiecewiseLinear, AbstractSystem, state_variables
from .._blocks import block_error
from ._entropy import distinct_words, entropy_rate, topological_entropy

#: Words of up to so many symbols are counted for the entropies.
_LONGEST = 6
#: Words must occur this often on average for their entropies to be told.
_OFTEN = 20
#: A matrix 1 - A that is this badly conditioned has no fixed point worth a number.
_SINGULAR = 1e12


class SymbolicCode(AbstractResult):
    """The regions that an orbit visits, in which order, and the fixed point of the linear map in each.

    Regions are numbered by the share of steps spent in them, the largest first.

    Attributes:
        symbols: Region of each step; -1 where it is one of the rare ones.
        states: The states of the orbit.
        active: Which rectified units are active in each region.
        shares: Share of the steps in each region.
        shares_stderr: Standard errors, with correlations in time.
        rare_share: Share of the steps in regions that hold less than `least` of them.
        transitions: Probability to go from each region (row) to each, given that it is none of the rare ones.
        fixed_points: Fixed point of the linear map of each region; NaN where there is none or no single one.
        real: Whether it lies in its own region, and so is one of the map itself; else it is virtual.
        multipliers: Eigenvalues of the linear map of each region, the largest first.
        words: How many different words of 2, 3, ... symbols occur.
        topological_entropy: ln of the spectral radius of the graph of words, for words of 1, 2, ... symbols.
        entropy_rate: Uncertainty of the next symbol given 1, 2, ... before.
        entropy_rate_stderr: Its standard error.
        names: Names of the components.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    rare_share: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    symbols: np.ndarray = output("step", doc="region of each step")
    states: np.ndarray = output("step", "component", doc="states of the orbit")
    active: np.ndarray = output("region", "unit", doc="which rectified units are active")
    shares: np.ndarray = output("region", doc="share of steps")
    shares_stderr: np.ndarray = output("region", doc="standard error of the share")
    transitions: np.ndarray = output("region", "next", doc="probability to go from region to region")
    fixed_points: np.ndarray = output("region", "component", doc="fixed point of the linear map")
    real: np.ndarray = output("region", doc="whether the fixed point lies in its region")
    multipliers: np.ndarray = output("region", "component", doc="eigenvalues of the linear map")
    words: np.ndarray = output("length", doc="different words of one more symbol")
    topological_entropy: np.ndarray = output("length", unit="nats/step", doc="ln of the spectral radius of the graph")
    entropy_rate: np.ndarray = output("length", unit="nats/step", doc="uncertainty of the next symbol")
    entropy_rate_stderr: np.ndarray = output("length", unit="nats/step", doc="its standard error")

    def __len__(self) -> int:
        return len(self.shares)

    @property
    def sampled(self) -> int:
        """The longest words whose entropies the orbit tells: each longer by one symbol occurs twenty times on average.

        0 where there are too many regions for an orbit of this length.
        """
        enough = self.words * _OFTEN <= len(self.symbols)
        return int(np.argmin(enough)) if not enough.all() else len(enough)

    def summary(self) -> str:
        """How many regions, which share of time in the first three, entropies, and which fixed points are real."""
        first, k = min(len(self), 3), self.sampled
        if k:
            rate, error = self.entropy_rate[k - 1], self.entropy_rate_stderr[k - 1]
            said = (
                f"From words of {k}, the topological entropy is at most {self.topological_entropy[k - 1]:.4g} "
                f"nats/step and the entropy rate {rate:.4g} ± {error:.1g}."
            )
        else:
            said = f"These are too many for entropies from {len(self.symbols)} steps."
        virtual = int(np.sum(~self.real & np.isfinite(self.fixed_points[:, 0])))
        return (
            f"{len(self)} region(s), {self.shares[:3].sum():.1%} of the steps in the first {first}; "
            f"{self.rare_share:.2%} in rare ones. {said} Fixed points of the linear maps: {int(self.real.sum())} real, "
            f"{virtual} virtual."
        )


def symbolic_code(
    system: AbstractSystem,
    y0: State = None,
    *,
    duration: int = 10_000,
    transient: int = 1_000,
    inputs: Any = None,
    least: float = 1e-3,
    throw: bool = True,
) -> SymbolicCode:
    r"""The symbolic code of a piecewise-linear map: the sequence of linear regions along an orbit, and its statistics.

    A region is a pattern of active rectified units, the signs of $V z + c$; there the map is $z' = A_r z + b_r$ with
    $A_r = A + W D_r V$, and its fixed point is $(1 - A_r)^{-1} b_r$.

    Args:
        system: A piecewise-linear map, such as an `ALRNN`, a `ShallowPLRNN` or a `DendriticPLRNN`.
        y0: State at the start; None for that of the system.
        duration: Steps of the orbit.
        transient: Steps before, which are not counted.
        inputs: Constant input.
        least: Regions with a smaller share of the steps are rare, and no symbols of their own.
        throw: Raise `ComputationFailed` if the orbit diverges.

    Raises:
        InputError: If the map is not piecewise-linear, or a number is out of range.
        ComputationFailed: If the orbit diverges, and `throw`.

    Reference:
        Brenner, Hemmer, Monfared & Durstewitz (2024), Almost-linear RNNs yield highly interpretable symbolic codes in
        dynamical systems reconstruction, NeurIPS 37.

    Example:
        >>> from dynascope.models import ALRNN
        >>> code = symbolic_code(ALRNN.example(), duration=2000)
        >>> len(code), bool(code.real.all())
        (2, True)
    """
    if not isinstance(system, AbstractPiecewiseLinear):
        raise InputError(
            f"A symbolic code needs a piecewise-linear map; `{type(system).__name__}` is none. For other systems take "
            "the sequence of crossings of sections."
        )
    if duration < 20 or transient < 0 or not 0 <= least < 1:
        raise InputError(
            f"`duration` must be at least 20 steps, `transient` at least 0 and `least` in [0, 1), got {duration}, "
            f"{transient} and {least}."
        )
    run = trajectory(system, y0, np.arange(transient + duration), inputs=inputs, throw=False)
    if throw:
        raise_if_failed(run.result, what="The orbit to be coded")
    states = np.asarray(run.flat, float)[transient:]
    states = states[np.isfinite(states).all(axis=1)]
    form = _Form(system, inputs)
    symbols, active, rare = _coded(form, states, least)
    shares = np.array([np.mean(symbols == r) for r in range(len(active))])
    lengths = range(1, _LONGEST + 1)
    rates = np.array([entropy_rate(symbols, length=k) for k in lengths]) if len(states) else np.zeros((_LONGEST, 2))
    points, real, multipliers = form.fixed_points(active)
    return SymbolicCode(
        names=tuple(v.name for v in state_variables(system)),
        rare_share=rare,
        result=run.result,
        settings=provenance(
            system=type(system).__name__, duration=duration, transient=transient, least=least, longest_word=_LONGEST
        ),
        symbols=symbols,
        states=states,
        active=active,
        shares=shares,
        shares_stderr=np.array([block_error((symbols == r).astype(float)) for r in range(len(active))]),
        transitions=_transitions(symbols, len(active)),
        fixed_points=points,
        real=real,
        multipliers=multipliers,
        words=np.array([distinct_words(symbols, k + 1) for k in lengths]),
        topological_entropy=np.array([topological_entropy(symbols, length=k) for k in lengths]),
        entropy_rate=rates[:, 0],
        entropy_rate_stderr=rates[:, 1],
    )


class _Form:
    """The matrices of a piecewise-linear map, as arrays of NumPy."""

    def __init__(self, system: AbstractPiecewiseLinear, inputs: Any) -> None:
        form = system.rectified_form(inputs)
        self.linear, self.outer, self.inner = (np.asarray(x, float) for x in (form.linear, form.outer, form.inner))
        self.threshold, self.bias = np.asarray(form.threshold, float), np.asarray(form.bias, float)

    def active(self, states: np.ndarray) -> np.ndarray:
        """Which rectified units are active in each state."""
        return states @ self.inner.T + self.threshold > 0

    def fixed_points(self, active: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fixed points of the linear maps of the regions, which of them are real, and the multipliers."""
        d = len(self.bias)
        points, real = np.full((len(active), d), np.nan), np.zeros(len(active), bool)
        multipliers = np.zeros((len(active), d), complex)
        for r, on in enumerate(active):
            matrix = self.linear + (self.outer * on) @ self.inner
            values = np.linalg.eigvals(matrix)
            multipliers[r] = values[np.argsort(-np.abs(values))]
            if np.linalg.cond(np.eye(d) - matrix) < _SINGULAR:
                points[r] = np.linalg.solve(np.eye(d) - matrix, self.outer @ (on * self.threshold) + self.bias)
                real[r] = bool(np.all(self.active(points[r][None])[0] == on))
        return points, real, multipliers


def _coded(form: _Form, states: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Symbol of each state, pattern of each region, and the share of the rare ones."""
    if not len(states):
        return np.zeros(0, int), np.zeros((0, len(form.threshold)), bool), 0.0
    patterns, which, counts = np.unique(form.active(states), axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    kept = order[counts[order] >= least * len(states)]
    number = np.full(len(patterns), -1)
    number[kept] = np.arange(len(kept))
    symbols = number[which.reshape(-1)]
    return symbols, patterns[kept], float(np.mean(symbols < 0))


def _transitions(symbols: np.ndarray, regions: int) -> np.ndarray:
    """Probabilities of the next region, given each; rows of regions that are never left within the orbit are nil."""
    before, after = symbols[:-1], symbols[1:]
    both = (before >= 0) & (after >= 0)
    counts = np.zeros((regions, regions))
    np.add.at(counts, (before[both], after[both]), 1.0)
    total = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
