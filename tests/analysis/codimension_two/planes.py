"""Small systems with two parameters whose points of codimension two are known exactly."""

import jax
import jax.numpy as jnp

import dynascope as ds
from tests.analysis.bifurcation.small_systems import box


def _flow(rate, size, reach=2.0, names=None):
    labels = names or " ".join("xyzw"[:size])
    system = ds.flow(rate, [0.1] * size, parameters={"a": 0.5, "b": 0.5}, names=labels)
    return system, box([-reach] * size, [reach] * size)


def cusp():
    """x' = a + b x - x^3: folds on 4 b^3 = 27 a^2."""
    return _flow(lambda t, y, p: jnp.stack([p["a"] + p["b"] * y[0] - y[0] ** 3]), 1)


def twisted_cusp():
    """The same, turned and bent into two dimensions: w = x + y^2, y' = -y + x^2 / 4."""
    return _flow(
        lambda t, y, p: jnp.stack([p["a"] + p["b"] * y[0] - y[0] ** 3 + y[1] * y[0] ** 3, -y[1] + y[0] ** 2 / 4]), 2
    )


def bogdanov_takens():
    """x' = y, y' = a + b x + x^2 + x y (Kuznetsov 8.4): folds on b^2 = 4 a, Hopf points on a = 0, b < 0."""
    return _flow(lambda t, y, p: jnp.stack([y[1], p["a"] + p["b"] * y[0] + y[0] ** 2 + y[0] * y[1]]), 2)


def bautin(second=-0.7):
    """z' = (a + 2 i) z + b z |z|^2 + (second + 0.2 i) z |z|^4 beside a decaying direction, in bent coordinates.

    Hopf points lie on a = 0 with l_1 = b, the generalised one at b = 0 with l_2 = 2 second.
    """

    def bent(x):
        u, v, s = x
        u = u + 0.3 * v**2 + 0.2 * v * s
        v = v + 0.25 * u**2 - 0.3 * u * s
        return jnp.stack([u, v, s + 0.5 * u**2 - 0.2 * u * v])

    def straight(y):
        u, v, s = y
        s = s - 0.5 * u**2 + 0.2 * u * v
        v = v - 0.25 * u**2 + 0.3 * u * s
        return jnp.stack([u - 0.3 * v**2 - 0.2 * v * s, v, s])

    def rate(t, y, p):
        x = straight(y)
        z, size = x[0] + 1j * x[1], x[0] ** 2 + x[1] ** 2
        dz = (p["a"] + 2j) * z + p["b"] * z * size + (second + 0.2j) * z * size**2
        return jax.jvp(bent, (x,), (jnp.stack([jnp.real(dz), jnp.imag(dz), -x[2]]),))[1]

    return _flow(rate, 3, 1.0)


def zero_hopf():
    """w' = a + w^2 - (x^2 + y^2) / 2, (x + i y)' = (b + w + i)(x + i y) (Kuznetsov 8.5): a zero-Hopf point at 0, 0."""

    def rate(t, y, p):
        w, x, v = y
        growth = p["b"] + w
        return jnp.stack([p["a"] + w**2 - (x**2 + v**2) / 2, growth * x - v, x + growth * v])

    return _flow(rate, 3, 1.0)


def double_hopf():
    """Two coupled oscillators with frequencies 1 and 2: Hopf points on a = 0 and on b = 0."""

    def rate(t, y, p):
        r, s = y[0] ** 2 + y[1] ** 2, y[2] ** 2 + y[3] ** 2
        g, h = p["a"] - r - 2 * s, p["b"] - 1.5 * r - s
        return jnp.stack([g * y[0] - y[1], y[0] + g * y[1], h * y[2] - 2 * y[3], 2 * y[2] + h * y[3]])

    return _flow(rate, 4, 1.0)


def isola():
    """x' = a^2 + b^2 + x^2 - 1/4: the folds lie on the circle of radius 1/2."""
    return _flow(lambda t, y, p: jnp.stack([p["a"] ** 2 + p["b"] ** 2 + y[0] ** 2 - 0.25]), 1)


def carbon_monoxide():
    """Carbon monoxide on platinum: Bykov, Yablonskii and Kim (1978), over q2 and k."""

    def rate(t, y, p):
        x, v, s = y
        z = 1 - x - v - s
        return jnp.stack(
            [5 * z**2 - 2 * x**2 - 10 * x * v, p["q2"] * z - 0.1 * v - 10 * x * v, 0.0675 * (z - p["k"] * s)]
        )

    system = ds.flow(rate, [0.001, 0.89, 0.06], parameters={"q2": 1.0, "k": 0.4}, names="x y s")
    return system, box([0] * 3, [1] * 3)


def _map(step, size):
    system = ds.iterated(step, [0.1] * size, parameters={"a": 0.5, "b": 0.5}, names=" ".join("xyzw"[:size]))
    return system, box([-2.0] * size, [2.0] * size)


def flip_map():
    """x -> -(1 + a) x + b x^3 + x^5: flips of 0 on a = 0, the generalised one at b = 0."""
    return _map(lambda n, y, p: jnp.stack([-(1 + p["a"]) * y[0] + p["b"] * y[0] ** 3 + y[0] ** 5]), 1)


def bent_flip_map():
    """`flip_map` in z = x + x^2 / 5, beside y -> 3 y / 10 + x^2."""

    def step(n, y, p):
        x = (jnp.sqrt(1 + 0.8 * y[0]) - 1) / 0.4
        x, y = -(1 + p["a"]) * x + p["b"] * x**3 + x**5, 0.3 * y[1] + x**2
        return jnp.stack([x + 0.2 * x**2, y])

    system, _ = _map(step, 2)
    return system, box([-1.0] * 2, [1.0] * 2)


def cubic_map():
    """x -> a + (1 + b) x - x^3: folds on 4 b^3 = 27 a^2."""
    return _map(lambda n, y, p: jnp.stack([p["a"] + (1 + p["b"]) * y[0] - y[0] ** 3]), 1)


def delayed_logistic():
    """(x, y) -> (a x (1 - y) + b, x), the delayed logistic map with an offset."""
    return _map(lambda n, y, p: jnp.stack([p["a"] * y[0] * (1 - y[1]) + p["b"], y[0]]), 2)


def _turning(t, y, p):
    x, v = y[:2]
    q, w = y[2:] - 0.4 * y[:2]
    # Beside the circle: x' = w, w' = a + b x + x^2 + x w (Kuznetsov 8.4), which slows the turning down.
    plain = jnp.stack([w, p["a"] + p["b"] * q + q**2 + q * w])
    # Or, in a frame that turns by half a turn once around: x' = w, w' = a x + b w.
    trace, skew = p["b"] / 2, (p["a"] - 1) / 2 + 0.5
    one, other = -p["b"] / 2, (1 + p["a"]) / 2
    first, second = one * x - other * v, one * v + other * x
    half = jnp.stack([(trace + first) * q + (second - skew) * w, (second + skew) * q + (trace - first) * w])
    growth, turn = 1 - x**2 - v**2, 1 + 0.2 * (1 - p["half"]) * q
    around = jnp.stack([growth * x - turn * v, turn * x + growth * v])
    return jnp.concatenate([around, p["half"] * half + (1 - p["half"]) * plain + 0.4 * around])


def turning(half, a=0.1, b=1.0):
    """A cycle x + i v = exp(i s) with two directions (q, w) - 0.4 (x, v) beside it, where everything is known.

    `half=0`: folds of cycles on b^2 = 4 a, Neimark-Sacker points on a = 0, b < 0; they meet at 0, 0 (resonance 1:1).
    `half=1`: period doublings on a = 0, Neimark-Sacker points on b = 0, a < 0 with kappa = -cos(2 pi sqrt(-a)).
    """
    system = ds.flow(_turning, [1.0, 0.0, 0.0, 0.0], parameters={"a": a, "b": b, "half": float(half)}, names="x v q w")
    return system, box([-2.0] * 4, [2.0] * 4)
