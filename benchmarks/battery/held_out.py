"""Families that only the held-out half has. Look at no result of theirs before the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from cases import CHAOS, CYCLE, FIXED, KEPT, LOST, MANY, Case, Family, Rng

import dynascope as ds

FAMILIES: list[Family] = []
BEATS = ("limit cycle",)


def family(count: int) -> Any:
    """Register a family by the name of its function."""

    def register(draw: Any) -> Any:
        FAMILIES.append(Family(draw.__name__.replace("_", "-"), count, draw))
        return draw

    return register


@family(8)
def brusselator(rng: Rng) -> Case:
    a, beats = float(rng.uniform(0.6, 1.6)), bool(rng.integers(2))
    b = (1 + a * a) * float(rng.uniform(1.12, 1.8) if beats else rng.uniform(0.3, 0.9))
    return Case(f"brusselator A={a:.3f} B={b:.3f}", lambda: ds.build("brusselator", A=a, B=b),
                CYCLE if beats else FIXED, "Hopf bifurcation at B = 1 + A^2",
                interval=0.3 if beats else None, recorded=BEATS if beats else ())  # fmt: skip


@family(8)
def rosenzweig_macarthur(rng: Rng) -> Case:
    beats = bool(rng.integers(2))
    k = float(rng.uniform(3.4, 5.0) if beats else rng.uniform(1.3, 2.7))
    return Case(f"rosenzweig-macarthur K={k:.3f}", lambda: ds.build("rosenzweig-macarthur", K=k),
                CYCLE if beats else FIXED, "Hopf bifurcation at K = 3",
                interval=1.0 if beats else None, recorded=BEATS if beats else ())  # fmt: skip


@family(8)
def lozi(rng: Rng) -> Case:
    b, chaos = float(rng.uniform(0.1, 0.4)), bool(rng.integers(2))
    low, high = ((b + 2) / np.sqrt(2) + 0.02, (4 - b) / 2 - 0.02) if chaos else (0.1, 0.85 * (1 - b))
    a = float(rng.uniform(low, high))
    return Case(f"lozi a={a:.4f} b={b:.4f}", lambda: ds.build("lozi", a=a, b=b), CHAOS if chaos else FIXED,
                "Misiurewicz (1980); eigenvalues", interval=1.0 if chaos else None,
                recorded=CHAOS if chaos else ())  # fmt: skip


@family(8)
def cubic_map(rng: Rng) -> Case:
    """The rule x -> r x - x^3: rest at 0, two places of rest for 1 < r < 2, two cycles of period 2 to sqrt 5."""
    which = int(rng.integers(4))
    r = float(rng.uniform(*[(-0.9, 0.9), (1.1, 1.9), (2.04, 2.2), (3.6, 5.0)][which]))
    system = lambda: ds.iterated(lambda _, y, p: p["r"] * y - y**3, [0.3], parameters={"r": r}, names="x")  # noqa: E731
    return Case(f"cubic-map r={r:.4f}", system, (FIXED, MANY, MANY, LOST)[which], "stability of cycles")


@family(8)
def double_well_oscillator(rng: Rng) -> Case:
    damped = bool(rng.integers(2))
    d = float(rng.uniform(0.1, 1.0)) if damped else 0.0
    system = lambda: ds.flow(  # noqa: E731
        lambda _, y, p: jnp.stack([y[1], y[0] - y[0] ** 3 - p["d"] * y[1]]),
        [1.3, 0.4],
        parameters={"d": d},
        names="x v",
    )
    return Case(f"double-well-oscillator d={d:.3f}", system, MANY if damped else KEPT, "wells at -1 and 1; Liouville")


@family(8)
def circle_map_in_its_tongue(rng: Rng) -> Case:
    """The rule theta -> theta + W - K / (2 pi) sin(2 pi theta): rest where |W| < K / (2 pi), for K below 1."""
    k = float(rng.uniform(0.3, 0.95))
    w = float(rng.uniform(-0.85, 0.85)) * k / (2 * np.pi)

    def rule(n: Any, y: Any, p: Any) -> Any:
        del n
        return jnp.mod(y + p["w"] - p["k"] / (2 * jnp.pi) * jnp.sin(2 * jnp.pi * y), 1.0)

    system = lambda: ds.iterated(rule, [0.4], parameters={"w": w, "k": k}, names="theta")  # noqa: E731
    return Case(f"circle-map K={k:.3f} W={w:.4f}", system, FIXED, "Arnold (1965)")


class Hutchinson(ds.AbstractDelayFlow):
    """x' = r x (1 - x(t - 1))."""

    max_delay = 1.0

    r: Any = ds.param(1.0)

    def initial_state(self) -> Any:
        return jnp.array([0.7])

    def vector_field(self, t: Any, y: Any, history: Callable[[Any], Any], u: Any) -> Any:
        del u
        return self.r * y * (1 - history(t - 1.0))


@family(6)
def hutchinson(rng: Rng) -> Case:
    beats = bool(rng.integers(2))
    r = float(rng.uniform(1.7, 2.4) if beats else rng.uniform(0.4, 1.4))
    return Case(f"hutchinson r={r:.3f}", lambda: Hutchinson(r=r), CYCLE if beats else FIXED,
                "Hopf bifurcation at r = pi / 2; one cycle beyond",
                interval=0.2 if beats else None, recorded=BEATS if beats else ())  # fmt: skip
