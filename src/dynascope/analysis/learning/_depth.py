"""Depth as time: the exponents of a feed-forward network from layer to layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from .._precision import require_64_bit
from ._factored import extended, identity, log_mean_square, log_singular_values, participation
from ._sequences import in_pieces, mean_and_error


class DepthExponents(AbstractResult):
    """The tangent of a network that is read as a map over its layers.

    Attributes:
        exponents: Finite-time exponents log(s_i) / depth of the whole network, mean over the inputs, nats per layer;
            -inf for directions that a narrow layer or a dead unit wipes out.
        stderr: Standard errors over the inputs; infinite for a single input.
        per_point: Of each input, shape `(point, direction)`.
        log_singular_values: Mean logarithms of the singular values of the Jacobian from the input to the output of
            each layer, shape `(layer, direction)`.
        log_mean_square: Mean logarithm of the mean squared singular value up to each layer.
        spread: Relative variance of the squared singular values up to each layer, mean over the inputs; 0 under
            dynamical isometry.
        spread_stderr: Its standard error.
        gain: Mean squared singular value of each layer alone, the factor chi by which squared differences grow.
        gain_stderr: Standard errors over the inputs.
        widths: Size of the output of each layer.
    """

    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    exponents: np.ndarray = output("direction", unit="nats/layer", doc="finite-time exponents over depth")
    stderr: np.ndarray = output("direction", unit="nats/layer", doc="standard errors over inputs")
    per_point: np.ndarray = output("point", "direction", unit="nats/layer", doc="exponents of each input")
    log_singular_values: np.ndarray = output("layer", "direction", doc="mean log singular values up to each layer")
    log_mean_square: np.ndarray = output("layer", doc="mean log of the mean squared singular value")
    spread: np.ndarray = output("layer", doc="relative variance of the squared singular values")
    spread_stderr: np.ndarray = output("layer", doc="standard errors")
    gain: np.ndarray = output("layer", doc="mean squared singular value of each layer")
    gain_stderr: np.ndarray = output("layer", doc="standard errors")
    widths: np.ndarray = output("layer", doc="sizes of the outputs of the layers")

    def summary(self) -> str:
        """Whether differences die out, survive or grow on their way through the layers."""
        depth, top = len(self.widths), self.log_singular_values[-1]
        live = top[np.isfinite(top)]
        if not live.size:
            return f"Nothing of the input is left after {depth} layers: the Jacobian is zero."
        rms = float(np.exp(0.5 * self.log_mean_square[-1]))
        error = f" +- {self.stderr[0]:.1g}" if np.isfinite(self.stderr[0]) else ""
        lost = f", {top.size - live.size} of {top.size} directions are wiped out" if live.size < top.size else ""
        return (
            f"Over {depth} layers differences change by {np.exp(live[-1]):.3g} to {np.exp(live[0]):.3g}, {rms:.3g} in "
            f"the root mean square{lost}; largest exponent {self.exponents[0]:.4g}{error} nats per layer; relative "
            f"variance of the squared singular values {self.spread[-1]:.3g} (0 is dynamical isometry)."
        )


def depth_exponents(
    layers: Sequence[Callable[[Any], Any]], x: Any, *, throw: bool = True, progress: bool = False
) -> DepthExponents:
    r"""Finite-time exponents of a chain of layers, read as a map over depth.

    $\lambda_i = L^{-1} \log \sigma_i(J_L \cdots J_1)$ with the layers' Jacobians along the orbit of each input; small
    singular values are kept through hundreds of layers. For random weights of variance $\sigma_w^2 / N$ the mean
    squared singular value of a layer is $\chi = \sigma_w^2 \langle \phi'(h)^2 \rangle$; the edge of chaos is at 1.

    Args:
        layers: Functions of one point, each with the output of the one before: equinox modules, `jnp.tanh`, residual
            blocks such as `lambda x: x + block(x)`. Layers of one class and shape are compiled once.
        x: Inputs, shape `(points, ...)`; for a single input give a batch of one.
        throw: Raise `ComputationFailed` if something becomes infinite.
        progress: Show progress on standard error.

    Returns:
        A `DepthExponents`.

    Raises:
        InputError: If there are no layers or no inputs, or a layer cannot take the output of the one before.
        ComputationFailed: If an output is not finite, and `throw`.

    Reference:
        Saxe, McClelland & Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep linear neural
        networks, ICLR; Poole et al. (2016), Exponential expressivity in deep neural networks through transient chaos,
        NeurIPS 29; Schoenholz et al. (2017), Deep information propagation, ICLR; Pennington, Schoenholz & Ganguli
        (2017), Resurrecting the sigmoid in deep learning through dynamical isometry, NeurIPS 30.

    Example:
        >>> import jax.numpy as jnp
        >>> turn = jnp.array([[0.6, -0.8], [0.8, 0.6]])
        >>> found = depth_exponents([lambda x: turn @ x] * 5, jnp.ones((3, 2)))
        >>> bool(abs(found.exponents).max() < 1e-15)
        True
    """
    require_64_bit("`depth_exponents`")
    chain = tuple(layers)
    wrong = [i for i, layer in enumerate(chain) if not callable(layer)]
    if not chain or wrong:
        got = f"a {type(chain[wrong[0]]).__name__} at {wrong[0]}" if wrong else "none"
        raise InputError(f"`layers` must be a list of functions of one point, got {got}.")
    points = np.asarray(x, float)
    if points.ndim < 2 or not points.size or not np.all(np.isfinite(points)):
        raise InputError(
            f"`x` must hold finite inputs of shape (points, ...), got shape {points.shape}. Write `x[None]` for one."
        )
    widths = _widths(chain, points[0])
    largest = max([points[0].size, *widths])
    found, complete = in_pieces(
        lambda xs: _chain(chain, xs),
        (points,),
        bytes_each=8.0 * (10 * largest**2 + len(chain) * points[0].size),
        label="Exponents over depth",
        progress=progress,
    )
    result = RESULTS.successful if complete else RESULTS.interrupted
    if np.any(np.isnan(found[0])):
        result = RESULTS.nonfinite
    if throw and bool(result == RESULTS.nonfinite):
        raise_if_failed(result, what="`depth_exponents`")
    logs, squares, spread, gain = found
    per_point = logs[:, -1] / len(chain)
    mean, error = mean_and_error(per_point)
    spread_mean, spread_error = mean_and_error(spread)
    gain_mean, gain_error = mean_and_error(gain)
    return DepthExponents(
        result=result,
        settings=provenance(layers=[getattr(f, "__name__", type(f).__name__) for f in chain], points=len(per_point)),
        exponents=mean,
        stderr=error,
        per_point=per_point,
        log_singular_values=logs.mean(axis=0),
        log_mean_square=squares.mean(axis=0),
        spread=spread_mean,
        spread_stderr=spread_error,
        gain=gain_mean,
        gain_stderr=gain_error,
        widths=np.array(widths),
    )


def _widths(chain: tuple[Callable[[Any], Any], ...], point: Any) -> list[int]:
    """Sizes of the outputs of the layers, found without computing anything."""
    shape: Any = jax.ShapeDtypeStruct(point.shape, point.dtype)
    sizes = []
    for i, layer in enumerate(chain):
        try:
            shape = eqx.filter_eval_shape(layer, shape)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"Layer {i} cannot take the output of the one before, of shape {shape.shape}: {error}\n"
                "Each layer must be a function of one point, without a batch axis."
            ) from error
        sizes.append(int(shape.size))
    return sizes


def _chain(chain: tuple[Callable[[Any], Any], ...], xs: Any) -> tuple[Any, ...]:
    """Through all layers: log singular values, log mean squares, spreads and gains, each `(points, layer, ...)`."""
    d = xs[0].size
    y = xs
    product = jax.vmap(lambda _: identity(d, xs.dtype))(jnp.arange(len(xs)))
    rows = []
    for layer in chain:
        y, product, *row = _through(layer, y, product)
        rows.append(row)
    return tuple(jnp.stack(parts, axis=1) for parts in zip(*rows, strict=True))


@compiled
def _through(layer: Callable[[Any], Any], y: Any, product: Any) -> tuple[Any, ...]:
    """One layer: outputs, the extended product, and what is recorded of it."""

    def one(y: Any, product: Any) -> tuple[Any, ...]:
        flat, unravel = ravel_pytree(y)
        _, linear = jax.linearize(lambda z: ravel_pytree(layer(unravel(z)))[0], flat)
        jacobian = jax.vmap(linear, out_axes=1)(jnp.eye(flat.size, dtype=flat.dtype))
        product = extended(product, jacobian @ product.q)
        n = product.t.shape[1]
        logs = log_singular_values(product)
        logs = jnp.concatenate([logs, jnp.full(n - logs.size, -jnp.inf, logs.dtype)])
        share = participation(logs)
        spread = jnp.where(share > 0, n / jnp.where(share > 0, share, 1.0) - 1.0, jnp.inf)
        out = layer(y)
        finite = jnp.all(jnp.isfinite(out)) & jnp.all(jnp.isfinite(jacobian))
        row = logs, log_mean_square(product), spread, jnp.sum(jacobian**2) / flat.size
        return out, product, *(jnp.where(finite, x, jnp.nan) for x in row)

    return jax.vmap(one)(y, product)
