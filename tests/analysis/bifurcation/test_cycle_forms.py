"""Normal forms of cycles that have one in closed form."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.bifurcation import CycleContinuation, cycle_branch
from dynascope.analysis.cycles import Collocation, periodic_orbit

PERIOD = 2 * np.pi


def _tube(t: Any, y: Any, p: Any) -> Any:
    """A cycle of radius 1 in the plane of the first two variables, about which the rest turns `turn` times.

    Across the cycle, zeta = (r - 1, z) has the parts a and b in a frame that turns with it:
    a' = mu a + cubic a |zeta|^2 + kappa a w, b' the same less `more` b, and w' = -w + |zeta|^2. With `fold` = 1
    w' = -w, and mu is added to a' together with 0.8 a^2. The angle runs at the rate 1 + 0.3 |zeta|^2.
    """
    angle, r = jnp.arctan2(y[1], y[0]), jnp.sqrt(y[0] ** 2 + y[1] ** 2)
    zeta, size = jnp.stack([r - 1, y[2]]), (r - 1) ** 2 + y[2] ** 2
    beside = jnp.stack([-jnp.sin(p["turn"] * angle), jnp.cos(p["turn"] * angle)])
    rate, speed = (1 - p["fold"]) * p["mu"] + p["cubic"] * size + p["kappa"] * y[3], 1 + 0.3 * size
    pull = rate * zeta - p["more"] * jnp.sum(beside * zeta) * beside
    across = pull + speed * p["turn"] * jnp.stack([-zeta[1], zeta[0]])
    across = across.at[0].add(p["fold"] * (p["mu"] + 0.8 * zeta[0] ** 2))
    along = jnp.stack([y[0] * across[0] / r - y[1] * speed, y[1] * across[0] / r + y[0] * speed])
    return jnp.concatenate([along, across[1:], ((1 - p["fold"]) * size - y[3])[None]])


def _point(radius: float = 1.0, **given: float) -> Any:
    """What happens at mu = 0 on the branch of the cycle at this radius."""
    values = {"mu": -0.1, "fold": 0.0, "cubic": 0.0, "kappa": 0.0, "more": 0.0, "turn": 0.5} | given
    start, period = [radius, 0.0, 0.0, 0.0], PERIOD / (1 + 0.3 * (radius - 1) ** 2)
    system: Any = ds.flow(_tube, start, parameters=values)
    orbit = periodic_orbit(system, start, period=period, method=Collocation(max_intervals=60))
    diagram = cycle_branch(system, "p.mu", -0.1, 0.05, orbit=orbit, method=CycleContinuation(doublings=0))
    (point,) = [p for p in diagram.points if abs(p.parameter) < 1e-9]
    return point


@pytest.mark.parametrize(("cubic", "kappa"), [(-1.0, 0.4), (-0.2, 0.7)])
def test_period_doubling(cubic: float, kappa: float):
    """On a half twist a comes back as -a - (cubic + kappa) T a^3; w is slaved to a^2."""
    point = _point(cubic=cubic, kappa=kappa, more=1.0)
    assert point.type == "period doubling"
    assert point.coefficient == pytest.approx(-PERIOD * (cubic + kappa), rel=1e-7)
    assert point.criticality == ("supercritical" if cubic + kappa < 0 else "subcritical")


def test_neimark_sacker():
    """|zeta| grows by cubic T |zeta|^3 once around, and |zeta|^2 = 2 |w|^2 for zeta = w q + c.c. with |q| = 1.

    While zeta turns by the angle of the pair, |zeta| does not change, so that w' = -w + |zeta|^2 is slaved here too.
    """
    point = _point(cubic=-0.5, kappa=0.2, turn=0.37)
    assert point.type == "neimark-sacker"
    assert point.coefficient == pytest.approx(2 * PERIOD * (-0.5 + 0.2), rel=1e-7)
    assert point.criticality == "supercritical"


def test_fold():
    """Without a turn, a = r - 1 comes back as mu T + a + 0.8 T a^2."""
    point = _point(radius=0.698, fold=1.0, cubic=-1.0, more=1.0, turn=0.0)
    assert point.type == "fold of cycles"
    assert abs(point.coefficient) == pytest.approx(PERIOD * 0.8, rel=1e-6)
    assert point.criticality == "quadratic"


def _driven(t: Any, y: Any, p: Any) -> Any:
    """The half twist about a circle on which the state is driven: a' = mu a + cubic a^3, b' = -b."""
    y = y - jnp.stack([jnp.cos(t), jnp.sin(t)])
    one, other = jnp.stack([jnp.cos(t / 2), jnp.sin(t / 2)]), jnp.stack([-jnp.sin(t / 2), jnp.cos(t / 2)])
    a, b = jnp.sum(one * y), jnp.sum(other * y)
    turning = 0.5 * jnp.stack([-y[1], y[0]]) + jnp.stack([-jnp.sin(t), jnp.cos(t)])
    return (p["mu"] * a + p["cubic"] * a**3) * one - b * other + turning


@pytest.mark.slow
def test_period_doubling_of_a_driven_flow():
    """Its return map is that over one period of the drive."""
    system = ds.flow(_driven, [1.0, 0.0], parameters={"mu": -0.1, "cubic": -0.5})
    orbit = periodic_orbit(system, [1.0, 0.0], period=PERIOD)
    (point,) = cycle_branch(system, "p.mu", -0.1, 0.05, orbit=orbit, method=CycleContinuation(doublings=0)).points
    assert point.coefficient == pytest.approx(0.5 * PERIOD, rel=1e-9)
    assert point.criticality == "supercritical"
