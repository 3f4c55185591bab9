"""Maps of the plane and of space: conservative maps, attractors of art, neurons and hyperchaos."""

from typing import Any

import jax.numpy as jnp

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractMap, Box, Variable, variables
from .._array import like
from ._equations import AbstractRecurrence


class StandardMap(AbstractRecurrence):
    """A rotor kicked once a turn: the model of how tori break and chaos spreads (Chirikov's map).

    p[n+1] = p[n] + K sin x[n],  x[n+1] = x[n] + p[n+1], both with period 2 pi and not taken modulo it.

    The last torus that bars p breaks at K = 0.971635, the standard value here.

    Reference:
        Chirikov (1979), A universal instability of many-dimensional oscillator systems, Physics Reports 52, 263-379.
    """

    variables = variables("p x", topology="circle")
    reference = "Chirikov (1979), A universal instability of many-dimensional oscillators, Physics Reports 52, 263-379"
    # Beside the unstable fixed point, in the chaotic layer.
    start = (0.01, 0.01)

    K: Param = param(0.971635, doc="strength of the kick")

    def image(self, y: State) -> tuple[Any, ...]:
        p, x = y
        kicked = p + self.K * jnp.sin(x)
        return kicked, x + kicked


class Bogdanov(AbstractRecurrence):
    """The discrete form of a homoclinic loop; for eps = mu = 0 it keeps areas.

    y[n+1] = (1 + eps) y + k x (x - 1) + mu x y,  x[n+1] = x + y[n+1].

    Reference:
        Arrowsmith, Cartwright, Lansbury & Place (1993), The Bogdanov map: bifurcations, mode locking, and chaos in a
        dissipative system, International Journal of Bifurcation and Chaos 3, 803-842.
    """

    variables = variables("x y")
    reference = "Arrowsmith, Cartwright, Lansbury & Place (1993), The Bogdanov map, Int. J. Bifurc. Chaos 3, 803-842"
    start = (0.51, 0.2)

    eps: Param = param(0.0, doc="growth")
    k: Param = param(1.2, doc="restoring force")
    mu: Param = param(0.0, doc="growth with x")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        moved = (1.0 + self.eps) * y_ + self.k * x * (x - 1.0) + self.mu * x * y_
        return x + moved, moved


class Gingerbreadman(AbstractRecurrence):
    """A piecewise linear map that keeps areas: hexagonal islands in a sea of chaos, in the shape of a biscuit.

    x[n+1] = 1 - y[n] + a |x[n]|,  y[n+1] = x[n].

    Reference:
        Devaney (1984), A piecewise linear model for the zones of instability of an area-preserving map, Physica D 10,
        387-393.
    """

    variables = variables("x y")
    reference = "Devaney (1984), A piecewise linear model for the zones of instability, Physica D 10, 387-393"
    start = (-0.1, 0.0)

    a: Param = param(1.0, doc="steepness of the corner")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return 1.0 - y_ + self.a * jnp.abs(x), x


class GumowskiMira(AbstractRecurrence):
    """A map made as a model of particles in an accelerator, known for its figures of birds.

    x[n+1] = y + a y (1 - b y^2) + f(x),  y[n+1] = -x + f(x[n+1]),  f(x) = mu x + 2 (1 - mu) x^2 / (1 + x^2).

    Reference:
        Gumowski & Mira (1980), Recurrences and discrete dynamic systems, Lecture Notes in Mathematics 809.
    """

    variables = variables("x y")
    reference = "Gumowski & Mira (1980), Recurrences and discrete dynamic systems, LNM 809"
    start = (-9.4, 3.39)

    a: Param = param(0.008, doc="growth")
    b: Param = param(0.05, doc="limit to growth")
    mu: Param = param(-0.496, doc="shape of the nonlinear part")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        moved = y_ + self.a * y_ * (1.0 - self.b * y_ * y_) + self._f(x)
        return moved, self._f(moved) - x

    def _f(self, x: Any) -> Any:
        return self.mu * x + 2.0 * (1.0 - self.mu) * x * x / (1.0 + x * x)


class Hopalong(AbstractRecurrence):
    """A map of the plane that keeps areas and spreads like wallpaper (Martin's map).

    x[n+1] = y - sign(x) |b x - c|^(1/2),  y[n+1] = a - x.

    Reference:
        Dewdney (1986), Wallpaper for the mind, Scientific American 255 (3), 14-23.
    """

    variables = variables("x y")
    reference = "Dewdney (1986), Wallpaper for the mind, Scientific American 255 (3), 14-23"
    start = (0.519, -6.34)

    a: Param = param(0.4, doc="shift")
    b: Param = param(1.0, doc="slope under the root")
    c: Param = param(0.3, doc="offset under the root")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return y_ - jnp.sign(x) * jnp.sqrt(jnp.abs(self.b * x - self.c)), self.a - x


class IkedaMap(AbstractRecurrence):
    """Light in a ring cavity, from one round trip to the next.

    x[n+1] = 1 + u (x cos t - y sin t),  y[n+1] = u (x sin t + y cos t),  t = k - p / (1 + x^2 + y^2).

    Reference:
        Hammel, Jones & Moloney (1985), Global dynamical behavior of the optical field in a ring cavity, Journal of the
        Optical Society of America B 2, 552-564; after Ikeda (1979), Optics Communications 30, 257-261.
    """

    variables = variables("x y")
    reference = (
        "Hammel, Jones & Moloney (1985), Global dynamical behavior of the optical field, J. Opt. Soc. Am. B 2, 552-564"
    )
    start = (0.974, -1.72)

    u: Param = param(0.9, doc="light kept in a round trip")
    k: Param = param(0.4, doc="detuning")
    p: Param = param(6.0, doc="phase from the medium")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        t = self.k - self.p / (1.0 + x * x + y_ * y_)
        c, s = jnp.cos(t), jnp.sin(t)
        return 1.0 + self.u * (x * c - y_ * s), self.u * (x * s + y_ * c)


class Tinkerbell(AbstractRecurrence):
    """A quadratic map of the plane whose attractor swings like a small flying fairy.

    x[n+1] = x^2 - y^2 + a x + b y,  y[n+1] = 2 x y + c x + d y.

    Reference:
        Nusse & Yorke (1998), Dynamics: numerical explorations, 2nd edition, Springer.
    """

    variables = variables("x y")
    reference = "Nusse & Yorke (1998), Dynamics: numerical explorations, 2nd edition, Springer"
    start = (-0.662, -0.295)

    a: Param = param(0.9, doc="x in x")
    b: Param = param(-0.6013, doc="y in x")
    c: Param = param(2.0, doc="x in y")
    d: Param = param(0.5, doc="y in y")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return x * x - y_ * y_ + self.a * x + self.b * y_, 2.0 * x * y_ + self.c * x + self.d * y_


class DuffingMap(AbstractRecurrence):
    """A map of the plane in the likeness of the forced oscillator of Duffing.

    x[n+1] = y[n],  y[n+1] = -b x[n] + a y[n] - y[n]^3.

    Reference:
        Holmes (1979), A nonlinear oscillator with a strange attractor, Philosophical Transactions of the Royal Society
        A 292, 419-448.
    """

    variables = variables("x y")
    reference = "Holmes (1979), A nonlinear oscillator with a strange attractor, Phil. Trans. R. Soc. A 292, 419-448"
    start = (-1.34, -1.03)

    a: Param = param(2.75, doc="linear growth")
    b: Param = param(0.2, doc="contraction of areas")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return y_, -self.b * x + self.a * y_ - y_**3


class DeJong(AbstractRecurrence):
    """Four waves of the plane: the attractors of Peter de Jong.

    x[n+1] = sin(a y) - cos(b x),  y[n+1] = sin(c x) - cos(d y).

    Reference:
        Dewdney (1987), Probing the strange attractions of chaos, Scientific American 257 (1), 108-111.
    """

    variables = variables("x y")
    reference = "Dewdney (1987), Probing the strange attractions of chaos, Scientific American 257 (1), 108-111"
    start = (0.0201, -0.0129)

    a: Param = param(1.641, doc="wave number of y in x")
    b: Param = param(1.902, doc="wave number of x in x")
    c: Param = param(0.316, doc="wave number of x in y")
    d: Param = param(1.525, doc="wave number of y in y")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return jnp.sin(self.a * y_) - jnp.cos(self.b * x), jnp.sin(self.c * x) - jnp.cos(self.d * y_)


class Svensson(AbstractRecurrence):
    """Four waves with amplitudes: a variant of the attractors of de Jong, by Johnny Svensson.

    x[n+1] = d sin(a x) - sin(b y),  y[n+1] = c cos(a x) + cos(b y).

    Reference:
        A variant of Dewdney (1987), Probing the strange attractions of chaos, Scientific American 257 (1), 108-111.
    """

    variables = variables("x y")
    reference = (
        "a variant of Dewdney (1987), Probing the strange attractions of chaos, Scientific American 257 (1), 108-111"
    )
    start = (0.543, 1.88)

    a: Param = param(1.5, doc="wave number of x")
    b: Param = param(-1.8, doc="wave number of y")
    c: Param = param(1.6, doc="amplitude in y")
    d: Param = param(0.9, doc="amplitude in x")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        a, b = self.a * x, self.b * y_
        return self.d * jnp.sin(a) - jnp.sin(b), self.c * jnp.cos(a) + jnp.cos(b)


class Clifford(AbstractRecurrence):
    """Four waves with two amplitudes: the attractors of Clifford Pickover.

    x[n+1] = sin(a y) + c cos(a x),  y[n+1] = sin(b x) + d cos(b y).

    Reference:
        Pickover (1990), Computers, pattern, chaos, and beauty, St. Martin's Press.
    """

    variables = variables("x y")
    reference = "Pickover (1990), Computers, pattern, chaos, and beauty, St. Martin's Press"
    start = (-0.819, 0.925)

    a: Param = param(-1.4, doc="wave number in x")
    b: Param = param(1.6, doc="wave number in y")
    c: Param = param(1.0, doc="amplitude in x")
    d: Param = param(0.7, doc="amplitude in y")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        a, b = self.a, self.b
        return jnp.sin(a * y_) + self.c * jnp.cos(a * x), jnp.sin(b * x) + self.d * jnp.cos(b * y_)


class Bedhead(AbstractRecurrence):
    """Waves whose phase is the product of the coordinates: a tangle, by Ivan Emrich.

    x[n+1] = y sin(x y / b) + cos(a x - y),  y[n+1] = x + sin(y) / b.

    Reference:
        Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling, NeurIPS 34
        (datasets and benchmarks), which collects it.
    """

    variables = variables("x y")
    reference = (
        "Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling, NeurIPS 34"
    )
    start = (1.48, 1.35)

    a: Param = param(-0.67, doc="wave number of x")
    b: Param = param(0.83, doc="scale of the phase")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return y_ * jnp.sin(x * y_ / self.b) + jnp.cos(self.a * x - y_), x + jnp.sin(y_) / self.b


class Rulkov(AbstractRecurrence):
    """A neuron that bursts, as a fast chaotic and a slow variable.

    x[n+1] = alpha / (1 + x^2) + y,  y[n+1] = y - mu (x - sigma).

    Reference:
        Rulkov (2001), Regularization of synchronized chaotic bursts, Physical Review Letters 86, 183-186.
    """

    variables = variables("x y")
    reference = "Rulkov (2001), Regularization of synchronized chaotic bursts, Phys. Rev. Lett. 86, 183-186"
    start = (-1.44, -2.79)

    alpha: Param = param(4.3, doc="excitability")
    mu: Param = param(0.001, doc="rate of the slow variable")
    sigma: Param = param(-1.0, doc="value of x at rest")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return self.alpha / (1.0 + x * x) + y_, y_ - self.mu * (x - self.sigma)


class Chialvo(AbstractRecurrence):
    """An excitable cell as a map: an activation and its recovery.

    x[n+1] = x^2 exp(y - x) + k,  y[n+1] = a y - b x + c.

    Reference:
        Chialvo (1995), Generic excitable dynamics on a two-dimensional map, Chaos, Solitons & Fractals 5, 461-479.
    """

    variables = variables("x y")
    reference = (
        "Chialvo (1995), Generic excitable dynamics on a two-dimensional map, Chaos Solitons Fractals 5, 461-479"
    )
    start = (0.0511, 2.25)

    a: Param = param(0.89, doc="persistence of the recovery")
    b: Param = param(0.18, doc="dependence of the recovery on the activation")
    c: Param = param(0.28, doc="offset of the recovery")
    k: Param = param(0.03, doc="input")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return x * x * jnp.exp(y_ - x) + self.k, self.a * y_ - self.b * x + self.c


class FoldedTowel(AbstractRecurrence):
    """A map of space that stretches in two directions: hyperchaos.

    x[n+1] = a x (1 - x) - 0.05 (y + 0.35) (1 - 2 z),  y[n+1] = 0.1 ((y + 0.35) (1 - 2 z) - 1) (1 - 1.9 x),
    z[n+1] = b z (1 - z) + 0.2 y.

    Reference:
        Rössler (1979), An equation for hyperchaos, Physics Letters A 71, 155-157.
    """

    variables = variables("x y z")
    reference = "Rössler (1979), An equation for hyperchaos, Phys. Lett. A 71, 155-157"
    start = (0.299, 0.075, 0.94)

    a: Param = param(3.8, doc="growth of x")
    b: Param = param(3.78, doc="growth of z")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_, z = y
        towel = (y_ + 0.35) * (1.0 - 2.0 * z)
        return (
            self.a * x * (1.0 - x) - 0.05 * towel,
            0.1 * (towel - 1.0) * (1.0 - 1.9 * x),
            self.b * z * (1.0 - z) + 0.2 * y_,
        )


class GeneralisedHenon(AbstractMap):
    """The Hénon map with a longer memory, which stretches in all directions but one.

    x_1[n+1] = a - x_{d-1}[n]^2 - b x_d[n],  x_i[n+1] = x_{i-1}[n] for i = 2 ... d.

    Args:
        a: Drive.
        b: Weight of the oldest value: volumes shrink by this factor.
        d: Dimension, at least 2.

    Raises:
        InputError: If `d` is below 2.

    Reference:
        Baier & Klein (1990), Maximum hyperchaos in generalized Hénon maps, Physics Letters A 151, 281-284.
    """

    variables = (Variable("x"),)
    reference = "Baier & Klein (1990), Maximum hyperchaos in generalized Hénon maps, Phys. Lett. A 151, 281-284"
    family = "chaos"

    a: Param = param(1.76, doc="drive")
    b: Param = param(0.1, doc="weight of the oldest value")
    d: int = setting(3, doc="dimension")

    def __check_init__(self) -> None:
        if self.d < 2:
            raise InputError(f"`d` of `GeneralisedHenon` must be at least 2, got {self.d}. Use `Logistic` for one.")

    def initial_state(self) -> State:
        return like(self.a, [0.1 * (i + 1) for i in range(self.d)])

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return jnp.concatenate([(self.a - y[-2] ** 2 - self.b * y[-1])[None], y[:-1]])

    def region(self) -> Box:
        return Box(jnp.full((self.d,), -0.1, self.a.dtype), jnp.full((self.d,), 0.5, self.a.dtype))


class CoupledMapLattice(AbstractMap):
    """Logistic maps on a ring, each mixed with its two neighbours: chaos in space and time.

    x_i[n+1] = (1 - eps) f(x_i) + eps / 2 (f(x_{i-1}) + f(x_{i+1})),  f(x) = 1 - a x^2.

    Args:
        a: Strength of the fold.
        eps: Coupling.
        n: Number of places.

    Reference:
        Kaneko (1984), Period-doubling of kink-antikink patterns, quasiperiodicity in antiferro-like structures and
        spatial intermittency in coupled logistic lattice, Progress of Theoretical Physics 72, 480-486.
    """

    variables = (Variable("x"),)
    reference = "Kaneko (1984), Spatial intermittency in coupled logistic lattice, Prog. Theor. Phys. 72, 480-486"
    family = "chaos"

    a: Param = param(1.8, doc="strength of the fold", bounds=(0.0, 2.0))
    eps: Param = param(0.3, doc="coupling", bounds=(0.0, 1.0))
    n: int = setting(50, doc="number of places")

    def initial_state(self) -> State:
        # Golden-ratio steps: no two places alike, so that no symmetry of the ring survives.
        return like(self.a, 2.0 * ((jnp.arange(self.n) * 0.6180339887498949) % 1.0) - 1.0)

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        f = 1.0 - self.a * y * y
        return (1.0 - self.eps) * f + self.eps / 2.0 * (jnp.roll(f, 1) + jnp.roll(f, -1))

    def region(self) -> Box:
        ones = jnp.ones_like(self.initial_state())
        return Box(-ones, ones)
