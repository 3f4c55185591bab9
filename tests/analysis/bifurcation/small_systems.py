"""Small systems whose bifurcations other programs have published."""

import jax.numpy as jnp

import dynascope as ds
from dynascope.systems import Box


def box(low, high):
    """A box of states."""
    return Box(jnp.asarray(low, float), jnp.asarray(high, float))


def _co(t, y, p):
    x, v, s = y
    z = 1 - x - v - s
    return jnp.stack(
        [5.0 * z**2 - 2.0 * x**2 - 10.0 * x * v, p["q2"] * z - 0.1 * v - 10.0 * x * v, 0.0675 * (z - 0.4 * s)]
    )


def co_oxidation():
    """Carbon monoxide on platinum: Bykov, Yablonskii and Kim (1978)."""
    return ds.flow(_co, [0.001, 0.89, 0.06], parameters={"q2": 1.0}, names="x y s"), box([0] * 3, [1] * 3)


def _lorenz_84(t, y, p):
    x, v, z, u = y
    return jnp.stack(
        [
            -(v**2) - z**2 - 0.25 * x + 0.25 * p["F"] - 0.987 * u**2,
            x * v - x * z - v + 0.25,
            x * v + x * z - z,
            -1.04 * u + 0.987 * u * x + p["T"],
        ]
    )


def lorenz_84():
    """The atmosphere of Lorenz (1984), extended by Shil'nikov, Nicolis and Nicolis (1995)."""
    system = ds.flow(_lorenz_84, [2.97, -0.038, 0.058, -0.021], parameters={"F": 3.0, "T": 0.04}, names="X Y Z U")
    return system, box([-2] * 4, [3, 2, 2, 2])


def _reaction(t, y, p):
    rate = p["p1"] * (1 - y[0]) * jnp.exp(y[1])
    return jnp.stack([-y[0] + rate, -y[1] + 14 * rate - 2 * y[1]])


def a_to_b():
    """The reaction A -> B in a stirred tank: Uppal, Ray and Poore (1974)."""
    return ds.flow(_reaction, [0.0, 0.0], parameters={"p1": 0.1}, names="u v"), box([0, 0], [1, 10])


def _prey(t, y, p):
    return jnp.stack(
        [3 * y[0] * (1 - y[0]) - y[0] * y[1] - p["p1"] * (1 - jnp.exp(-5 * y[0])), -y[1] + 3 * y[0] * y[1]]
    )


def predator_prey():
    """Predator and harvested prey: Doedel (1984)."""
    return ds.flow(_prey, [0.3, 0.3], parameters={"p1": 0.1}, names="u v"), box([-0.5, -1], [1, 2])


def _adaptive(t, y, p):
    return jnp.stack([y[1], y[2], -p["alpha"] * y[2] - p["beta"] * y[1] - y[0] + y[0] ** 2])


def adaptive_control():
    """A system with feedback: Genesio and Tesi (1992)."""
    system = ds.flow(_adaptive, [0.0] * 3, parameters={"alpha": 0.1, "beta": 1.0}, names="x y z")
    return system, box([-2] * 3, [2] * 3)


def _s_curve(t, y, p):
    return p["p"] + y - y**3 / 3


def s_curve():
    """x' = p + x - x^3 / 3, with folds at x = -+1 where p = +-2/3."""
    return ds.flow(_s_curve, [0.0], parameters={"p": 0.0}, names="x"), box([-3], [3])


def _turning(t, y, p):
    return jnp.stack([y[1], p["mu"] * (1 - y[0] ** 2) * y[1] - y[0]])


def van_der_pol():
    """Van der Pol's oscillator, whose Hopf point at mu = 0 is degenerate."""
    return ds.flow(_turning, [0.1, 0.0], parameters={"mu": 0.1}, names="x y"), box([-2] * 2, [2] * 2)


def _oscillator(t, y, p):
    x, v, z = y
    gap = v - x
    return jnp.stack(
        [
            (-(0.5 + p["nu"]) * x + 0.5 * v - 0.32858 * x**3 + 0.93358 * gap**3) / 0.6,
            0.5 * x - (0.5 - 0.6) * v - z - 0.93358 * gap**3,
            v + p["epsilon"],
        ]
    )


def electronic_oscillator(epsilon):
    """An oscillator with a nonlinear conductor: Freire, Rodriguez-Luis, Gamero and Ponce (1993)."""
    parameters = {"nu": -0.6, "epsilon": epsilon}
    return ds.flow(_oscillator, [0.001, -0.001, 0.0005], parameters=parameters, names="x y z"), box(
        [-0.5] * 3, [0.5] * 3
    )
