from typing import Any, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._errors import InputError
from ..._param import param
from ..._types import Input, Key, Param, State, Time
from ...systems import AbstractConnectivity, AbstractMap, Box, SparseConnectivity, Variable, connectivity


class EchoState(AbstractMap):
    r"""A random network driven by an input, of which only a linear readout is learned: a reservoir.

    x[n+1] = (1 - leak) x[n] + leak tanh(spectral_radius W x[n] + W_in u[n] + bias),  z[n] = readout x[n].

    It is useful where it forgets its start, so that the state is an echo of the input (conditional exponents below 0):
    surely where (1 - leak) + leak spectral_radius sigma(W) < 1 for the largest singular value sigma, never under zero
    input and bias where an eigenvalue of (1 - leak) + leak spectral_radius W is beyond the unit circle. Make one with
    `draw`, which scales W to the spectral radius 1, so that a sweep of `spectral_radius` keeps the same draw. Fed with
    its own readout, `closed_loop(network, lambda n, x: network.readout @ x)`, it runs by itself.

    Args:
        W: Weights between units, of spectral radius 1: a matrix, full or sparse, or a connectivity of N units.
        W_in: Weights of the input, shape `(N, m)`.
        bias: Shape `(N,)`.
        readout: Weights of the readout, shape `(k, N)`, which `observe` shows; k = 0 shows the state.
        spectral_radius: Factor of W.
        leak: Share of a unit that is renewed at each step, above 0, at most 1.

    Raises:
        InputError: If the shapes do not fit together.

    Reference:
        Jaeger (2001), The echo state approach to analysing and training recurrent neural networks, GMD Report 148;
        Jaeger & Haas (2004), Harnessing nonlinearity, Science 304, 78-80.

    Example:
        >>> network = EchoState.draw(n=20, inputs=2, key=jax.random.key(0))
        >>> network.step(0, network.initial_state(), jnp.ones(2)).shape
        (20,)
    """

    variables = (Variable("x"),)
    reference = "Jaeger (2001), The echo state approach to analysing and training recurrent networks, GMD Report 148"
    family = "networks"

    W: AbstractConnectivity = eqx.field(converter=connectivity)
    W_in: Param = param(doc="weights of the input")
    bias: Param = param(doc="bias")
    readout: Param = param(doc="weights of the readout", learned=True)
    spectral_radius: Param = param(0.9, doc="factor of the weights between units")
    leak: Param = param(1.0, doc="share renewed at each step", bounds=(0.0, 1.0))

    def __check_init__(self) -> None:
        n = self.W.size
        shapes = jnp.shape(self.W_in)[-2:-1], jnp.shape(self.bias)[-1:], jnp.shape(self.readout)[-1:]
        if any(shape != (n,) for shape in shapes):
            raise InputError(
                f"An echo-state network of {n} units needs `W_in` of shape ({n}, inputs), `bias` of shape ({n},) and "
                f"`readout` of shape (outputs, {n}), got {jnp.shape(self.W_in)}, {jnp.shape(self.bias)} and "
                f"{jnp.shape(self.readout)}."
            )

    @classmethod
    def draw(
        cls,
        *,
        n: int,
        inputs: int = 1,
        outputs: int = 0,
        spectral_radius: Any = 0.9,
        leak: Any = 1.0,
        input_scale: Any = 1.0,
        bias: Any = 0.0,
        density: float = 1.0,
        key: Key,
    ) -> Self:
        """A random reservoir with a readout of zeros.

        Args:
            n: Number of units.
            inputs: Number of input channels.
            outputs: Number of readouts, 0 for none.
            spectral_radius: Factor of W, whose own spectral radius is made 1.
            leak: Share of a unit that is renewed at each step.
            input_scale: Input weights are uniform between -`input_scale` and `input_scale`.
            bias: Biases are uniform between -`bias` and `bias`.
            density: Share of connected pairs; below 1 the weights are held as a list of edges.
            key: Random key.

        Raises:
            InputError: If `density` is not above 0 and at most 1, or too few pairs are connected to form a cycle.
        """
        if not 0.0 < density <= 1.0:
            raise InputError(f"`density` must be above 0 and at most 1, got {density}.")
        key_W, key_place, key_in, key_bias = jax.random.split(key, 4)
        edges = n * n if density == 1.0 else max(1, round(density * n * n))
        weights = jax.random.normal(key_W, (edges,))
        if density == 1.0:
            W = connectivity(weights.reshape(n, n))
        else:
            targets, sources = np.divmod(jax.random.choice(key_place, n * n, (edges,), replace=False), n)
            W = SparseConnectivity.from_edges(targets, sources, n=n, weights=weights)
        radius = float(np.max(np.abs(np.linalg.eigvals(np.asarray(W.dense())))))
        if radius < 1e-9:
            raise InputError(f"No cycle connects the {n} units at `density` {density}. Draw a denser network.")
        W = eqx.tree_at(lambda c: c.weights, W, W.weights / radius)
        W_in = input_scale * jax.random.uniform(key_in, (n, inputs), minval=-1.0)
        biases = bias * jax.random.uniform(key_bias, (n,), minval=-1.0)
        return cls(W, W_in, biases, jnp.zeros((outputs, n)), spectral_radius, leak)

    @classmethod
    def example(cls, *, n: int = 100, inputs: int = 1, key: Key | None = None) -> Self:
        """A reservoir of `n` units of spectral radius 0.9."""
        return cls.draw(n=n, inputs=inputs, bias=0.2, key=jax.random.key(0) if key is None else key)

    def observe(self, t: Time, y: State, u: Input) -> jax.Array:
        del t, u
        return self.readout @ y if self.readout.shape[-2] else y

    def initial_state(self) -> State:
        return jnp.zeros_like(self.bias)

    def step(self, n: Time, y: State, u: Input) -> State:
        del n
        drive = self.bias if u is None else self.W_in @ u + self.bias
        return (1.0 - self.leak) * y + self.leak * jnp.tanh(self.spectral_radius * (self.W @ y) + drive)

    def region(self) -> Box:
        corner = jnp.ones_like(self.bias)
        return Box(-corner, corner)

    def input_size(self) -> int | None:
        return self.W_in.shape[-1] or None
