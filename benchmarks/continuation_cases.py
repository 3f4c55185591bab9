"""Equations of benchmarks/continuation.py, written with jax.numpy alone, so that both sides run the very same."""

import jax.numpy as jnp


def s_curve(y, p):
    return jnp.stack([p + y[0] - y[0] ** 3 / 3])


def van_der_pol(y, p):
    return jnp.stack([y[1], p * (1 - y[0] ** 2) * y[1] - y[0]])


def adaptive_control(y, p):
    return jnp.stack([y[1], y[2], -p * y[2] - y[1] - y[0] + y[0] ** 2])


def co_oxidation(y, p):
    x, v, s = y
    z = 1 - x - v - s
    return jnp.stack([5 * z**2 - 2 * x**2 - 10 * x * v, p * z - 0.1 * v - 10 * x * v, 0.0675 * (z - 0.4 * s)])


#: Rule, first state, first and last value of the parameter, box of states.
CASES = {
    "s_curve": (s_curve, [-2.1038034027355366], -1.0, 1.0, [-3.0], [3.0]),
    "van_der_pol": (van_der_pol, [0.0, 0.0], -1.5, 2.0, [-2.0] * 2, [2.0] * 2),
    "adaptive_control": (adaptive_control, [0.0] * 3, -0.5, 2.0, [-2.0] * 3, [2.0] * 3),
    "co_oxidation": (
        co_oxidation,
        [0.11631704152627276, 0.16033953601327824, 0.516673873186035],
        0.98,
        1.3,
        [0.0] * 3,
        [1.0] * 3,
    ),
}


def electronic_oscillator(y, p):
    """Freire, Rodriguez-Luis, Gamero and Ponce (1993), as in the run `testtorBPC1` of MatCont 7.6."""
    x, v, z = y
    gap = v - x
    return jnp.stack(
        [
            (-(0.5 + p) * x + 0.5 * v - 0.32858 * x**3 + 0.93358 * gap**3) / 0.6,
            0.5 * x + 0.1 * v - z - 0.93358 * gap**3,
            v + 0.001,
        ]
    )


#: The branch of cycles: its Hopf point, first and last value of the parameter, box of states, and MatCont's points.
CYCLES = {
    "electronic_oscillator": (
        electronic_oscillator,
        -0.5892855810017578,
        -0.64,
        -0.56,
        [-0.5] * 3,
        [0.5] * 3,
        {"fold": -0.584492842421877, "neimark-sacker": -0.595750403989607, "period doubling": -0.61468165370709},
    )
}
