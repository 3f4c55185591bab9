import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractMap, Box, variables
from .._array import like


class NewtonMap(AbstractMap):
    r"""Newton's method for the roots of unity, z^n = 1: basins with a fractal border, where all roots meet.

    z[k+1] = z - a (z^n - 1) / (n z^(n-1)) at z = z[k] = x + i y.

    Args:
        a: Relaxation: 1 is Newton's method; it converges near the roots for 0 < a < 2.
        n: Degree, at least 2.

    Raises:
        InputError: If `n` is below 2.

    Reference:
        Cayley (1879), The Newton-Fourier imaginary problem, American Journal of Mathematics 2, 97.

    Example:
        >>> NewtonMap().step(0, NewtonMap().initial_state() * 0.0 + jnp.array([2.0, 0.0]), None).round(4).tolist()
        [1.4167, 0.0]
    """

    variables = variables("x y")
    reference = "Cayley (1879), The Newton-Fourier imaginary problem, American Journal of Mathematics 2, 97"
    family = "canonical"

    a: Param = param(1.0, doc="relaxation")
    n: int = setting(3, doc="degree")

    def __check_init__(self) -> None:
        if self.n < 2:
            raise InputError(f"`n` of `NewtonMap` must be at least 2, got {self.n}. A linear equation has no basins.")

    def initial_state(self) -> State:
        return like(self.a, [-0.7, 0.4])

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        x, y_ = y
        # z^(1 - n) as the power of the inverse: real and imaginary part by repeated multiplication.
        inverse = jnp.stack([x, -y_]) / (x * x + y_ * y_)
        power = like(self.a, [1.0, 0.0])
        for _ in range(self.n - 1):
            power = jnp.stack([
                power[0] * inverse[0] - power[1] * inverse[1],
                power[0] * inverse[1] + power[1] * inverse[0],
            ])  # fmt: skip
        return y - self.a / self.n * (y - power)

    def region(self) -> Box:
        return Box(like(self.a, [-1.0, -1.0]), like(self.a, [1.0, 1.0]))
