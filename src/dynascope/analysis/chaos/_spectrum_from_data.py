"""The Lyapunov spectrum of a recording, from the maps that neighbours trace out."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from .._blocks import block_error
from .._neighbours import neighbours
from .._series import Array, checked_interval
from ..geometry import Embedding, embedding

#: Stretches of the series along which matrices are multiplied, and the share of each in which vectors turn.
_STRETCHES, _TURNING = 16, 0.2
#: Reference points of one batch of local fits.
_BATCH = 512
#: Sizes of the neighbourhoods tried, relative to the smallest, and the fewest neighbours per coefficient.
_SIZES, _PER_COEFFICIENT = (1.0, 1.5, 2.25), 2.0
#: Share of the motion of neighbours that local maps may leave unexplained: noise of a thousandth of the signal leaves
#: this, and hides the directions in which neighbours lie closest.
_UNEXPLAINED = 2e-4
#: Most channels that are taken for a full state as they are.
_STATE = 6
#: Directions in which neighbours spread less than this part of their widest spread carry no information.
_FLAT = 1e-7


class LocalMaps(eqx.Module):
    """Local polynomial maps from neighbours to where they went.

    Args:
        degree: 1 (linear: Sano and Sawada, Eckmann et al.) or 2 (quadratic: Brown, Bryant and Abarbanel), which takes
            the bend of the map out of its slope.
        count: Neighbours of the smallest neighbourhood; None takes twice as many as a map has coefficients.
        references: Most points along which the maps are fitted.
        candidates: Most points among which neighbours are sought.
    """

    degree: int = 2
    count: int | None = None
    references: int = 4000
    candidates: int = 50_000

    def __check_init__(self) -> None:
        if self.degree not in (1, 2):
            raise InputError(f"`degree` of `LocalMaps` must be 1 or 2, got {self.degree}.")
        if self.references < 10 * _STRETCHES:
            raise InputError(f"`references` must be at least {10 * _STRETCHES}, got {self.references}.")

    def coefficients(self, dimension: int) -> int:
        """Coefficients of one component of a map."""
        return 1 + dimension + (dimension * (dimension + 1) // 2 if self.degree == 2 else 0)


class SpectrumFromData(AbstractResult):
    """Lyapunov exponents of a recording.

    Attributes:
        exponents: In falling order, in nats per time unit; as many as the space has dimensions, so that some may be
            spurious.
        stderr: Standard errors: stretches of the series, the size of the neighbourhoods and, where it was found, the
            distance to the partner in reversed time.
        backward: Exponents of the series run backwards, in falling order.
        confirmed: Whether the exponent is found again, with its sign changed, in reversed time. True exponents are,
            spurious ones are not; strong contraction cannot be, where the attractor is too thin to show it.
        unexplained: Share of the motion of neighbours that the local maps leave unexplained.
        radius: Median distance of the farthest neighbour used, in units of the size of the attractor.
        kaplan_yorke: Kaplan-Yorke dimension; NaN where the exponents do not reach it.
        converged: Whether the exponents may be believed: maps explain the motion, sizes of neighbourhoods agree.
        reason: Why, or why not.
    """

    unexplained: float
    radius: float
    kaplan_yorke: float
    converged: bool
    reason: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    exponents: NDArray[np.float64] = output("exponent", doc="Lyapunov exponents")
    stderr: NDArray[np.float64] = output("exponent", doc="standard errors")
    backward: NDArray[np.float64] = output("exponent", doc="exponents of the reversed series")
    confirmed: NDArray[np.bool_] = output("exponent", doc="found again in reversed time")
    sizes: NDArray[np.float64] = output("size", doc="neighbours per local map")
    by_size: NDArray[np.float64] = output("size", "exponent", doc="exponents for each size of neighbourhood")

    def summary(self) -> str:
        """The exponents, which of them are confirmed, and whether to believe them."""
        if not self.converged:
            return f"No exponents: {self.reason}. (Best guess of the largest: {self.exponents[0]:.4g} per time unit.)"
        shown = ", ".join(
            f"{x:.4g} +- {e:.1g}{'' if c else ' (not confirmed)'}"
            for x, e, c in zip(self.exponents, self.stderr, self.confirmed, strict=True)
        )
        return f"Lyapunov exponents per time unit: {shown}; {self.reason}."


def spectrum_from_data(
    x: ArrayLike | Embedding,
    *,
    dt: float = 1.0,
    method: LocalMaps | None = None,
    evolve: int | None = None,
    **unfolding: Any,
) -> SpectrumFromData:
    r"""All Lyapunov exponents of a recording, in nats per time unit.

    Around each point of the orbit the neighbours $x_j$ and where they are `evolve` samples later give a local map
    $x_j' - x_i' \approx a + J_i (x_j - x_i) + \dots$ by least squares; the exponents are those of the product of the
    $J_i$ along the orbit, by QR. In delay coordinates only the newest row is fitted, the others shift. The run is
    repeated with larger neighbourhoods, and on the reversed series, where true exponents change their sign and spurious
    ones do not (Parlitz 1992).

    Measurement noise ends this: where it is as large as the neighbourhoods are thin, slopes are biased towards zero and
    no error bar knows. If the local maps leave more than 0.02 % of the motion unexplained (noise of a thousandth of
    the signal does), or the largest exponent is not found again in reversed time, nothing is claimed.

    Args:
        x: (time,) or (time, channel), or an `Embedding`. Up to 6 channels are all kept, unless `components` is given.
        dt: Sampling interval, in time units (ignored for an `Embedding`, which has its own).
        method: `LocalMaps(...)`.
        evolve: Samples over which a map carries; None takes the delay in delay coordinates and half of it for
            a full state (maps: 1).
        **unfolding: `delay`, `dimension`, `theiler`, ... of `embedding`.

    Returns:
        A `SpectrumFromData`.

    Raises:
        InputError: The series is too short, not finite or constant, or `evolve` does not fit the delay.

    Reference:
        Sano & Sawada (1985), Measurement of the Lyapunov spectrum from a chaotic time series, Phys. Rev. Lett. 55,
        1082; Eckmann, Kamphorst, Ruelle & Ciliberto (1986), Liapunov exponents from time series, Phys. Rev. A 34, 4971;
        Parlitz (1992), Identification of true and spurious Lyapunov exponents from time series, Int. J. Bif. Chaos 2,
        155.
    """
    method = LocalMaps() if method is None else method
    interval = checked_interval(x.dt if isinstance(x, Embedding) else dt)
    embedded = x if isinstance(x, Embedding) else _unfolded(x, dt, unfolding)
    shifts = embedded.dimension > 1
    usual = embedded.delay if shifts else max(1, embedded.delay // 2)
    ahead = usual if evolve is None else evolve
    if ahead < 1 or (shifts and ahead != embedded.delay):
        raise InputError(
            f"`evolve` must be at least 1 and in delay coordinates the delay {embedded.delay}, got {evolve}."
        )
    shown = embedded.components if shifts else 0
    least = math.ceil(_PER_COEFFICIENT * method.coefficients(embedded.points.shape[1]))
    smallest = max(least, 8) if method.count is None else method.count
    sizes = np.array([math.ceil(size * smallest) for size in _SIZES])
    if embedded.points.shape[0] < 4 * sizes[-1] + 2 * embedded.theiler + 2 * _STRETCHES * ahead:
        raise InputError(
            f"`x` unfolds into {embedded.points.shape[0]} points, too few for neighbourhoods of {sizes[-1]} points in "
            f"dimension {embedded.points.shape[1]}. Use a longer series, a smaller `dimension` or `degree=1`."
        )
    forward = [_exponents(embedded.points, embedded, method, ahead, shown, int(size)) for size in sizes]
    # Reversed, the oldest copy is the newest one: blocks of coordinates change their order too.
    blocks = embedded.points.reshape(len(embedded.points), -1, embedded.components)
    turned = blocks[::-1, ::-1].reshape(embedded.points.shape)
    back = _exponents(turned, embedded, method, ahead, shown, int(sizes[0]))
    return _judged(forward, back, sizes, ahead * interval, provenance(
        method=repr(method), evolve=ahead * interval, delay=embedded.delay, dimension=embedded.dimension,
        components=embedded.components, theiler=embedded.theiler, dt=interval,
    ))  # fmt: skip


def _unfolded(x: ArrayLike, dt: float, unfolding: dict[str, Any]) -> Embedding:
    table = np.asarray(x)
    if table.ndim == 2 and table.shape[1] <= _STATE:
        unfolding = {"components": table.shape[1]} | unfolding
    return embedding(x, dt=dt, **unfolding)


class _Exponents(eqx.Module):
    rates: np.ndarray
    unexplained: float
    radius: float


def _exponents(points: Array, embedded: Embedding, method: LocalMaps, ahead: int, shown: int, count: int) -> _Exponents:
    """Growth per map in each stretch, shape `(stretch, map, exponent)`, and how well the maps fit."""
    usable = len(points) - ahead
    length = min(usable // (ahead * _STRETCHES), method.references // _STRETCHES)
    begins = np.linspace(0, usable - length * ahead, _STRETCHES).astype(int)
    chosen = (begins[:, None] + ahead * np.arange(length)[None]).ravel()
    distance, which = neighbours(
        points[:usable], chosen, count=count, theiler=embedded.theiler, at_most=method.candidates
    )
    if np.any(which < 0):
        raise InputError(
            f"Some points have fewer than {count} neighbours outside the window of {embedded.theiler} samples. Use a "
            "longer series, or a smaller `theiler`."
        )
    jacobians, left, moved = [], [], []
    for first in range(0, len(chosen), _BATCH):
        some = slice(first, first + _BATCH)
        j, residual, motion = _local(points, chosen[some], which[some], ahead, shown, method.degree)
        jacobians.append(j)
        left.append(residual)
        moved.append(motion)
    d = points.shape[1]
    matrices = np.concatenate(jacobians).reshape(_STRETCHES, length, d, d)
    size = float(np.sqrt(points.var(axis=0).sum()))
    unexplained = float(np.median(np.concatenate(left) / np.maximum(np.concatenate(moved), 1e-300)))
    return _Exponents(_rates(matrices), unexplained, float(np.median(distance[:, -1])) / size)


def _local(points: Array, at: Any, which: Any, ahead: int, shown: int, degree: int) -> tuple[Array, Array, Array]:
    """Jacobians of the local maps, shape `(point, d, d)`, with mean squares left unexplained and moved."""
    d = points.shape[1]
    apart = points[which] - points[at][:, None]
    target = points[which + ahead] - points[at + ahead][:, None]
    rows = target[..., d - shown :] if shown else target
    scale = np.sqrt(np.mean(apart**2, axis=(1, 2)))[:, None, None] + 1e-300
    z = apart / scale
    terms = [np.ones((*z.shape[:2], 1)), z]
    if degree == 2:
        i, j = np.triu_indices(d)
        terms.append(z[..., i] * z[..., j])
    design = np.concatenate(terms, axis=2)
    solution = np.linalg.pinv(design, rcond=_FLAT) @ rows
    free = max(1, design.shape[1] - design.shape[2])
    residual = np.sum((rows - design @ solution) ** 2, axis=(1, 2)) / free
    motion = np.sum((rows - rows.mean(axis=1, keepdims=True)) ** 2, axis=(1, 2)) / (design.shape[1] - 1)
    fitted = np.swapaxes(solution[:, 1 : d + 1] / scale, 1, 2)
    if not shown:
        return fitted, residual, motion
    jacobian = np.zeros((len(at), d, d))
    jacobian[:, np.arange(d - shown), np.arange(shown, d)] = 1.0
    jacobian[:, d - shown :] = fitted
    return jacobian, residual, motion


def _rates(matrices: Array) -> Array:
    stretches, length, d, _ = matrices.shape
    q = np.tile(np.linalg.qr(np.random.default_rng(0).standard_normal((d, d)))[0], (stretches, 1, 1))
    logs = np.empty((stretches, length, d))
    for n in range(length):
        q, r = np.linalg.qr(matrices[:, n] @ q)
        logs[:, n] = np.log(np.maximum(np.abs(np.diagonal(r, axis1=1, axis2=2)), 1e-300))
    return logs[:, int(_TURNING * length) :]


def _judged(forward: list[_Exponents], back: _Exponents, sizes: Array, span: float, settings: Any) -> SpectrumFromData:
    """The exponents with errors, and whether to believe them."""
    by_size = np.array([np.sort(f.rates.mean(axis=(0, 1)))[::-1] for f in forward]) / span
    first = forward[0].rates.mean(axis=1)
    first = first[:, np.argsort(-first.mean(axis=0))]
    sampling = first.std(axis=0, ddof=1) / math.sqrt(len(first)) / span
    series = forward[0].rates[..., np.argsort(-forward[0].rates.mean(axis=(0, 1)))]
    # Within a stretch growth swings with the orbit, between stretches it does not: the larger error is the honest one.
    sampling = np.maximum(sampling, block_error(series.reshape(-1, series.shape[2])) / span)
    exponents = by_size[0]
    choice = np.ptp(by_size, axis=0) / 2
    backward = np.sort(back.rates.mean(axis=(0, 1)))[::-1] / span
    mirrored = np.abs(exponents[:, None] + backward[None])
    nearest = mirrored.min(axis=1)
    width = np.hypot(sampling, choice)
    top = max(float(np.max(np.abs(exponents[: max(1, len(exponents) // 2)]))), 1e-300)
    confirmed = nearest <= 3 * width + 0.1 * np.maximum(np.abs(exponents), top * 0.5)
    stderr = np.hypot(width, np.where(confirmed, nearest / 2, 0.0))
    unexplained = forward[0].unexplained
    reason, converged = "local maps explain the motion and larger neighbourhoods agree", True
    if unexplained > _UNEXPLAINED:
        converged = False
        reason = (
            f"local maps leave {100 * unexplained:.2g} % of the motion of neighbours unexplained: measurement noise, a "
            "random process, or too few points or dimensions (`exponent_from_data` finds the largest exponent in more "
            "noise)"
        )
    elif not confirmed[0]:
        converged = False
        reason = "the largest exponent is not found in reversed time: it is spurious; lower `dimension`"
    elif choice[0] > 0.25 * max(abs(float(exponents[0])), 2 * float(sampling[0])):
        converged, reason = False, "the largest exponent depends on the size of the neighbourhoods"
    return SpectrumFromData(
        exponents=exponents,
        stderr=stderr,
        backward=backward,
        confirmed=confirmed,
        sizes=np.asarray(sizes, float),
        by_size=by_size,
        unexplained=unexplained,
        radius=forward[0].radius,
        kaplan_yorke=_kaplan_yorke(exponents),
        converged=converged,
        reason=reason,
        result=RESULTS.successful if converged else RESULTS.not_converged,
        settings=settings,
    )


def _kaplan_yorke(exponents: Array) -> float:
    sums = np.cumsum(exponents)
    if exponents[0] <= 0:
        return 0.0
    below = np.flatnonzero(sums < 0)
    if not below.size:
        return math.nan
    j = int(below[0])
    return float(j + sums[j - 1] / abs(exponents[j]))
