"""How sensitive an output is to small changes of the input: the exponent that adversarial examples exploit."""

from __future__ import annotations

from collections.abc import Callable
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
from ._sequences import in_pieces


class InputSensitivity(AbstractResult):
    """The largest stretching of a small change of the input, at each of many inputs.

    Attributes:
        points: The inputs, flattened.
        exponents: log of the largest singular value of the Jacobian over the depth; -inf where it is zero.
        directions: Unit vector of the change that is stretched most, shape `(point, input)`.
        gains: The norm of the Jacobian of all outputs, root of the sum of squares.
    """

    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    points: np.ndarray = output("point", "input", doc="inputs")
    exponents: np.ndarray = output("point", unit="nats/layer", doc="largest finite-time exponents")
    directions: np.ndarray = output("point", "input", doc="most sensitive directions")
    gains: np.ndarray = output("point", doc="Frobenius norms of the Jacobian")

    def summary(self) -> str:
        """The range of the exponent and the most sensitive input."""
        low, middle, high = np.quantile(self.exponents, [0.25, 0.5, 0.75], method="nearest")
        top = int(np.argmax(self.exponents))
        depth = self.settings["depth"]
        return (
            f"Largest finite-time exponent over {depth} layer(s) at {len(self.exponents)} inputs: median {middle:.3g}, "
            f"quartiles {low:.3g} and {high:.3g}; most sensitive is input {top}, where a small change may grow by "
            f"{np.exp(depth * self.exponents[top]):.3g}."
        )


def input_sensitivity(
    f: Callable[[Any], Any], x: Any, *, depth: int = 1, throw: bool = True, progress: bool = False
) -> InputSensitivity:
    r"""The largest finite-time exponent of a network at given inputs.

    $\lambda(x) = L^{-1} \log \sigma_1(\partial f / \partial x)$, with the largest singular value of the Jacobian.
    Where it is large, a small change of the input moves the output far: its ridges lie along the decision boundaries
    of a trained classifier.

    Args:
        f: A function of one input, such as the logits of a classifier.
        x: Inputs, shape `(points, ...)`.
        depth: Number of layers L that the logarithm is divided by.
        throw: Raise `ComputationFailed` if the Jacobian is not finite.
        progress: Show progress on standard error.

    Returns:
        An `InputSensitivity`.

    Raises:
        InputError: If `x` has no batch axis or `depth` is below 1.
        ComputationFailed: If the Jacobian is not finite somewhere, and `throw`.

    Reference:
        Storm, Linander, Bec, Gustavsson & Mehlig (2024), Finite-time Lyapunov exponents of deep neural networks,
        Physical Review Letters 132, 057301.

    Example:
        >>> import jax.numpy as jnp
        >>> found = input_sensitivity(lambda x: jnp.array([3.0 * x[0], x[1]]), jnp.zeros((1, 2)))
        >>> bool(abs(found.exponents[0] - jnp.log(3.0)) < 1e-12)
        True
    """
    require_64_bit("`input_sensitivity`")
    points = np.asarray(x, float)
    if points.ndim < 2 or not points.size or not np.all(np.isfinite(points)):
        raise InputError(
            f"`x` must hold finite inputs of shape (points, ...), got shape {points.shape}. Write `x[None]` for one."
        )
    if depth < 1:
        raise InputError(f"`depth` must be a whole number of at least 1, got {depth}.")
    out = eqx.filter_eval_shape(f, jax.ShapeDtypeStruct(points.shape[1:], points.dtype))
    outputs = sum(leaf.size for leaf in jax.tree.leaves(out))
    (exponents, directions, gains), complete = in_pieces(
        lambda xs: _stretching(f, xs),
        (points,),
        bytes_each=8.0 * 4 * outputs * points[0].size,
        label="Sensitivity to the input",
        progress=progress,
    )
    result = RESULTS.successful if complete else RESULTS.interrupted
    if np.any(np.isnan(gains)):
        result = RESULTS.nonfinite
    if throw and bool(result == RESULTS.nonfinite):
        raise_if_failed(result, what="`input_sensitivity`")
    return InputSensitivity(
        result=result,
        settings=provenance(depth=depth, f=getattr(f, "__name__", type(f).__name__)),
        points=points[: len(exponents)].reshape(len(exponents), -1),
        exponents=exponents / depth,
        directions=directions,
        gains=gains,
    )


@compiled
def _stretching(f: Callable[[Any], Any], xs: Any) -> tuple[Any, Any, Any]:
    def one(x: Any) -> tuple[Any, Any, Any]:
        flat, unravel = ravel_pytree(x)

        def g(z: Any) -> Any:
            return ravel_pytree(f(unravel(z)))[0]

        wide = jax.eval_shape(g, flat).size < flat.size
        jacobian = (jax.jacrev if wide else jax.jacfwd)(g)(flat)
        _, s, vt = jnp.linalg.svd(jacobian, full_matrices=False)
        finite = jnp.all(jnp.isfinite(jacobian))
        found = jnp.log(s[0]), vt[0], jnp.linalg.norm(s)
        return tuple(jnp.where(finite, part, jnp.nan) for part in found)  # type: ignore[return-value]

    return jax.vmap(one)(xs)
