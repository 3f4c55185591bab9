"""Maps of the line, of the circle and piecewise linear maps whose exponents are known exactly."""

from typing import Any

import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State
from ...systems import variables
from ._equations import AbstractRecurrence

_TWO_PI = 6.283185307179586


class Ricker(AbstractRecurrence):
    """A fish stock whose adults eat the young.

    x[n+1] = x[n] exp(r - x[n]).

    Reference:
        Ricker (1954), Stock and recruitment, Journal of the Fisheries Research Board of Canada 11, 559-623.
    """

    variables = variables("x", topology="positive")
    reference = "Ricker (1954), Stock and recruitment, J. Fish. Res. Board Can. 11, 559-623"
    start = (0.144,)

    r: Param = param(3.3, doc="growth rate")

    def image(self, y: State) -> tuple[Any, ...]:
        (x,) = y
        return (x * jnp.exp(self.r - x),)


class TentMap(AbstractRecurrence):
    """The piecewise linear fold of the unit interval.

    x[n+1] = mu min(x[n], 1 - x[n]).

    Its exponent is ln mu. At mu = 2 each step drops one binary digit of x, and a computed orbit ends at 0.

    Reference:
        Ott (2002), Chaos in dynamical systems, 2nd edition, Cambridge University Press, section 2.1.
    """

    variables = variables("x")
    reference = "Ott (2002), Chaos in dynamical systems, 2nd edition, Cambridge University Press"
    start = (0.932,)

    mu: Param = param(1.9, doc="slope", bounds=(0.0, 2.0))

    def image(self, y: State) -> tuple[Any, ...]:
        (x,) = y
        return (self.mu * jnp.minimum(x, 1.0 - x),)


class BernoulliMap(AbstractRecurrence):
    """The doubling map, the shift of the digits of a number.

    x[n+1] = beta x[n] mod 1.

    Its exponent is ln beta. The standard beta is 2 - 2^-20: at exactly 2 each step drops one binary digit of x, and a
    computed orbit ends at 0 within 53 steps.

    Reference:
        Rényi (1957), Representations for real numbers and their ergodic properties, Acta Mathematica Academiae
        Scientiarum Hungaricae 8, 477-493.
    """

    variables = variables("x")
    reference = (
        "Rényi (1957), Representations for real numbers and their ergodic properties, Acta Math. Hung. 8, 477-493"
    )
    start = (0.389,)

    beta: Param = param(2.0 - 2.0**-20, doc="stretch", bounds=(1.0, None))

    def image(self, y: State) -> tuple[Any, ...]:
        (x,) = y
        return (jnp.mod(self.beta * x, 1.0),)


class GaussMap(AbstractRecurrence):
    """A bell that is shifted down: windows of chaos and bubbles of period doubling (the mouse map).

    x[n+1] = exp(-alpha x[n]^2) + beta.

    Reference:
        Hilborn (2000), Chaos and nonlinear dynamics, 2nd edition, Oxford University Press, section 5.7.
    """

    variables = variables("x")
    reference = "Hilborn (2000), Chaos and nonlinear dynamics, 2nd edition, Oxford University Press"
    start = (0.421,)

    alpha: Param = param(4.9, doc="narrowness of the bell")
    beta: Param = param(-0.5, doc="shift")

    def image(self, y: State) -> tuple[Any, ...]:
        (x,) = y
        return (jnp.exp(-self.alpha * x * x) + self.beta,)


class ChebyshevMap(AbstractRecurrence):
    """The Chebyshev polynomial of degree a, as a map of [-1, 1].

    x[n+1] = cos(a arccos x[n]).

    Its exponent is ln a for every whole a > 1.

    Reference:
        Geisel & Fairen (1984), Statistical properties of chaos in Chebyshev maps, Physics Letters A 105, 263-266.
    """

    variables = variables("x")
    reference = "Geisel & Fairen (1984), Statistical properties of chaos in Chebyshev maps, Phys. Lett. A 105, 263-266"
    start = (0.529,)

    a: Param = param(6.0, doc="degree")

    def image(self, y: State) -> tuple[Any, ...]:
        (x,) = y
        return (jnp.cos(self.a * jnp.arccos(x)),)


class CircleMap(AbstractRecurrence):
    """An oscillator kicked once a period: mode locking and the break-up of the torus.

    theta[n+1] = theta[n] + Omega - K / (2 pi) sin(2 pi theta[n]), an angle in turns, not taken modulo 1 so that its
    mean step is the winding number. Above K = 1 the map folds.

    Reference:
        Arnold (1965), Small denominators. I. Mapping the circle onto itself, American Mathematical Society Translations
        46, 213-284.
    """

    variables = variables("theta", topology="circle", period=1.0)
    reference = "Arnold (1965), Small denominators. I. Mapping the circle onto itself, AMS Translations 46, 213-284"
    start = (0.000578,)

    Omega: Param = param(0.333, doc="turns per kick")
    K: Param = param(5.7, doc="strength of the kick")

    def image(self, y: State) -> tuple[Any, ...]:
        (theta,) = y
        return (theta + self.Omega - self.K / _TWO_PI * jnp.sin(_TWO_PI * theta),)


class MaynardSmith(AbstractRecurrence):
    """A population whose growth is limited by the generation before.

    x[n+1] = y[n],  y[n+1] = a y[n] + b - x[n]^2.

    Reference:
        Maynard Smith (1968), Mathematical ideas in biology, Cambridge University Press.
    """

    variables = variables("x y")
    reference = "Maynard Smith (1968), Mathematical ideas in biology, Cambridge University Press"
    start = (-0.786, 0.00364)

    a: Param = param(0.87, doc="persistence")
    b: Param = param(0.75, doc="supply")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return y_, self.a * y_ + self.b - x * x


class BakerMap(AbstractRecurrence):
    """The baker's transformation: stretch, cut and stack.

    x[n+1] = x / c,  y[n+1] = a c y  for x[n] < c;
    x[n+1] = (x - c) / (1 - c),  y[n+1] = c + a (1 - c) y  otherwise.

    It keeps areas if a = 1. Its exponents are H = -c ln c - (1 - c) ln(1 - c) and ln a - H. The cut is not at 1/2,
    where each step drops one binary digit of x and a computed orbit ends at 0.

    Reference:
        Farmer, Ott & Yorke (1983), The dimension of chaotic attractors, Physica D 7, 153-180.
    """

    variables = variables("x y")
    reference = "Farmer, Ott & Yorke (1983), The dimension of chaotic attractors, Physica D 7, 153-180"
    start = (0.569, 0.674)

    c: Param = param(0.4, doc="where to cut", bounds=(0.0, 1.0))
    a: Param = param(1.0, doc="contraction of areas")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        a, c = self.a, self.c
        left = x < c
        return (
            jnp.where(left, x / c, (x - c) / (1.0 - c)),
            jnp.where(left, a * c * y_, c + a * (1.0 - c) * y_),
        )


class KaplanYorke(AbstractRecurrence):
    """A contraction driven by the doubling map: the attractor for which a dimension was conjectured from exponents.

    x[n+1] = beta x[n] mod 1,  y[n+1] = alpha y[n] + cos(4 pi x[n]).

    Its exponents are ln beta and ln alpha. The standard beta is 2 - 2^-20, for the reason given at `BernoulliMap`.

    Reference:
        Kaplan & Yorke (1979), Chaotic behavior of multidimensional difference equations, Lecture Notes in Mathematics
        730, 204-227.
    """

    variables = variables("x y")
    reference = "Kaplan & Yorke (1979), Chaotic behavior of multidimensional difference equations, LNM 730, 204-227"
    start = (0.439, -0.987)

    beta: Param = param(2.0 - 2.0**-20, doc="stretch")
    alpha: Param = param(0.2, doc="contraction")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return jnp.mod(self.beta * x, 1.0), self.alpha * y_ + jnp.cos(2.0 * _TWO_PI * x)


class ArnoldCatMap(AbstractRecurrence):
    """The hyperbolic automorphism of the torus.

    x[n+1] = x + y + k sin(2 pi x) / (2 pi),  y[n+1] = x + 2 y + k sin(2 pi x) / (2 pi), both modulo 1.

    At k = 0 the exponents are +-ln((3 + sqrt(5)) / 2); for every k areas are kept.

    Reference:
        Arnold & Avez (1968), Ergodic problems of classical mechanics, Benjamin.
    """

    variables = variables("x y", topology="circle", period=1.0)
    reference = "Arnold & Avez (1968), Ergodic problems of classical mechanics, Benjamin"
    start = (0.2137, 0.4391)

    k: Param = param(0.0, doc="perturbation")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        turned = x + y_ + self.k / _TWO_PI * jnp.sin(_TWO_PI * x)
        return jnp.mod(turned, 1.0), jnp.mod(turned + y_, 1.0)


class Lozi(AbstractRecurrence):
    """The Hénon map with its parabola replaced by a corner.

    x[n+1] = 1 - a |x[n]| + y[n],  y[n+1] = b x[n].

    Reference:
        Lozi (1978), Un attracteur étrange du type attracteur de Hénon, Journal de Physique Colloques 39, C5-9-C5-10.
    """

    variables = variables("x y")
    reference = "Lozi (1978), Un attracteur étrange du type attracteur de Hénon, J. Phys. Colloq. 39, C5-9"
    start = (0.876, -0.158)

    a: Param = param(1.7, doc="strength of the fold")
    b: Param = param(0.5, doc="contraction of areas")

    def image(self, y: State) -> tuple[Any, ...]:
        x, y_ = y
        return 1.0 - self.a * jnp.abs(x) + y_, self.b * x
