"""Families of the development half; the held-out half draws them with other seeds and has further ones.

Every function draws the parameters of one case. Ranges keep away from the transitions, where every finite run is
undecided. Labels follow from theory, or, for chaos, from long runs in plain numpy (`cases.py`).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from cases import (
    CHAOS,
    CHAOTIC,
    CLEAR,
    CYCLE,
    FIXED,
    FORGETS,
    KEPT,
    LOST,
    MANY,
    PERIODIC,
    TORUS,
    Case,
    Family,
    Rng,
    exponent_of_flow,
    exponent_of_map,
    until,
)  # fmt: skip

import dynascope as ds
from dynascope.models.artificial import RNN
from dynascope.systems import Noise

FAMILIES: list[Family] = []
BEATS = ("limit cycle",)


def family(count: int) -> Any:
    """Register a family by the name of its function."""

    def register(draw: Any) -> Any:
        FAMILIES.append(Family(draw.__name__.replace("_", "-"), count, draw))
        return draw

    return register


def rotation(rng: Rng, d: int) -> np.ndarray:
    """A random rotation, evenly distributed."""
    q, r = np.linalg.qr(rng.normal(size=(d, d)))
    return q * np.sign(np.diag(r))


def spectrum_matrix(rng: Rng, d: int, size: float, *, flow: bool) -> np.ndarray:
    """A random matrix whose leading eigenvalue has the modulus (flows: the real part) `size`, not far from normal."""
    a = rng.normal(size=(d, d)) / np.sqrt(d)
    values = np.linalg.eigvals(a)
    if flow:
        return a - (values.real.max() - size) * np.eye(d)
    return a * size / np.abs(values).max()


@family(12)
def logistic(rng: Rng) -> Case:
    which = int(rng.integers(5))
    low, high = [(0.2, 0.9), (1.15, 2.85), (3.1, 3.42), (3.47, 3.53), (3.6, 4.0)][which]
    r = float(rng.uniform(low, high))
    if which == 4:
        r = until(
            lambda: float(rng.uniform(low, high)),
            lambda r: exponent_of_map(lambda x: r * x * (1 - x), [0.3]) > 2 * CLEAR,
        )
    regimes = (FIXED, FIXED, PERIODIC, PERIODIC, CHAOS)[which]
    recorded = ((), (), BEATS, BEATS, CHAOS)[which]
    return Case(f"logistic r={r:.5f}", lambda: ds.build("logistic", r=r), regimes, "stability of cycles; own exponent",
                interval=1.0 if recorded else None, recorded=recorded)  # fmt: skip


@family(8)
def tent(rng: Rng) -> Case:
    s = float(rng.uniform(1.1, 1.95)) if rng.uniform() < 0.6 else float(rng.uniform(0.2, 0.9))
    system = lambda: ds.iterated(  # noqa: E731
        lambda _, y, p: p["s"] * jnp.minimum(y, 1 - y), [0.3], parameters={"s": s}, names="x"
    )
    chaos = s > 1
    return Case(f"tent s={s:.4f}", system, CHAOS if chaos else FIXED, "exponent ln s",
                interval=1.0 if chaos else None, recorded=CHAOS if chaos else ())  # fmt: skip


@family(10)
def henon(rng: Rng) -> Case:
    which = int(rng.integers(4))
    low, high = [(0.05, 0.33), (0.42, 0.87), (1.15, 1.4), (1.7, 2.5)][which]
    a = float(rng.uniform(low, high))
    if which == 2:
        rule = lambda a: lambda y: np.array([1 - a * y[0] ** 2 + y[1], 0.3 * y[0]])  # noqa: E731
        a = until(lambda: float(rng.uniform(low, high)), lambda a: exponent_of_map(rule(a), [0.1, 0.1]) > 2 * CLEAR)
    regimes = (FIXED, PERIODIC, CHAOS, LOST)[which]
    recorded = ((), BEATS, CHAOS, ())[which]
    return Case(f"henon a={a:.5f}", lambda: ds.build("henon", a=a), regimes, "stability at b = 0.3; own exponent",
                interval=1.0 if recorded else None, recorded=recorded)  # fmt: skip


@family(8)
def linear_map(rng: Rng) -> Case:
    d, which = int(rng.integers(2, 6)), int(rng.integers(3))
    size = float(rng.uniform(0.4, 0.92) if which == 0 else rng.uniform(1.08, 1.5))
    a = rotation(rng, d) if which == 2 else spectrum_matrix(rng, d, size, flow=False)
    system = lambda: ds.iterated(lambda _, y, p: p["a"] @ y, rng_free(d), parameters={"a": a})  # noqa: E731
    return Case(f"linear-map d={d} kind {which} size {size:.3f}", system, (FIXED, LOST, KEPT)[which], "eigenvalues")


def rng_free(d: int) -> list[float]:
    """A start without symmetry."""
    return [1.0 / (i + 1) for i in range(d)]


@family(8)
def linear_flow(rng: Rng) -> Case:
    d, which = int(rng.integers(2, 6)), int(rng.integers(4))
    size = float(rng.uniform(0.1, 1.0))
    if which < 2:
        a = spectrum_matrix(rng, d, -size if which == 0 else size, flow=True)
    elif which == 2:  # a skew matrix keeps lengths
        d = 2 * max(1, d // 2)
        a = rng.normal(size=(d, d))
        a = a - a.T
    else:
        q = rotation(rng, d)
        a = q @ np.diag([0.0, *(-rng.uniform(0.3, 2.0, d - 1))]) @ q.T
    system = lambda: ds.flow(lambda _, y, p: p["a"] @ y, rng_free(d), parameters={"a": a})  # noqa: E731
    regimes = (FIXED, LOST, KEPT, ("line attractor",))[which]
    return Case(f"linear-flow d={d} kind {which} size {size:.3f}", system, regimes, "eigenvalues")


@family(10)
def stuart_landau(rng: Rng) -> Case:
    """A Hopf normal form in rotated coordinates, with further directions that decay."""
    d, lam = int(rng.integers(2, 6)), float(rng.uniform(0.2, 2.0) * rng.choice([-1, 1]))
    omega, q, decay = float(rng.uniform(0.5, 5.0)), rotation(rng, d), rng.uniform(0.3, 2.0, d - 2)

    def rule(t: Any, y: Any, p: Any) -> Any:
        del t
        z = p["q"].T @ y
        r = z[0] ** 2 + z[1] ** 2
        turned = [p["lam"] * z[0] - p["w"] * z[1] - r * z[0], p["w"] * z[0] + p["lam"] * z[1] - r * z[1]]
        return p["q"] @ jnp.concatenate([jnp.stack(turned), -p["k"] * z[2:]])

    system = lambda: ds.flow(rule, rng_free(d), parameters={"q": q, "lam": lam, "w": omega, "k": decay})  # noqa: E731
    return Case(f"stuart-landau d={d} lam={lam:.3f}", system, CYCLE if lam > 0 else FIXED, "normal form",
                interval=0.2 / omega if lam > 0 else None, recorded=BEATS if lam > 0 else ())  # fmt: skip


@family(8)
def van_der_pol(rng: Rng) -> Case:
    mu = float(rng.uniform(0.2, 6.0))
    return Case(f"van-der-pol mu={mu:.3f}", lambda: ds.build("van-der-pol", mu=mu), CYCLE, "theorem of Lienard",
                interval=0.2, recorded=BEATS)  # fmt: skip


@family(10)
def lorenz(rng: Rng) -> Case:
    which = int(rng.integers(3))
    low, high = [(0.1, 0.95), (1.5, 12.5), (26.0, 60.0)][which]
    rho = float(rng.uniform(low, high))
    if which == 2:

        def field(r: float) -> Any:
            return lambda y: np.array([10 * (y[1] - y[0]), y[0] * (r - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])

        rho = until(
            lambda: float(rng.uniform(low, high)),
            lambda r: exponent_of_flow(field(r), [1.0, 2.0, 20.0], dt=0.01) > 0.3,
        )
    regimes = (FIXED, MANY, CHAOS)[which]
    return Case(f"lorenz rho={rho:.4f}", lambda: ds.build("lorenz", rho=rho), regimes, "Sparrow (1982); own exponent",
                interval=0.05 if which == 2 else None, recorded=CHAOS if which == 2 else ())  # fmt: skip


@family(8)
def roessler(rng: Rng) -> Case:
    which = int(rng.integers(2))
    low, high = [(1.0, 3.7), (4.3, 8.0)][which]
    c = float(rng.uniform(low, high))
    if which == 1:
        field = lambda c: lambda y: np.array([-y[1] - y[2], y[0] + 0.2 * y[1], 0.2 + y[2] * (y[0] - c)])  # noqa: E731
        c = until(
            lambda: float(rng.uniform(low, high)),
            lambda c: exponent_of_flow(field(c), [1.0, 1.0, 1.0], dt=0.05, steps=40_000) > 0.04,
        )
    return Case(f"roessler c={c:.4f}", lambda: ds.build("roessler", c=c), (CYCLE, CHAOS)[which], "own exponent",
                interval=0.25, recorded=(BEATS, CHAOS)[which])  # fmt: skip


@family(10)
def fitzhugh_nagumo(rng: Rng) -> Case:
    which = int(rng.integers(3))
    low, high = [(-0.5, 0.28), (0.4, 1.35), (1.48, 2.0)][which]
    current = float(rng.uniform(low, high))
    return Case(f"fitzhugh-nagumo I={current:.4f}", lambda: ds.build("fitzhugh-nagumo", I=current),
                (FIXED, CYCLE, FIXED)[which], "Hopf points at 0.3313 and 1.4187, folds of cycles 0.007 beyond",
                interval=1.0 if which == 1 else None, recorded=BEATS if which == 1 else ())  # fmt: skip


@family(10)
def two_oscillators(rng: Rng) -> Case:
    """Two oscillators that do not feel one another: their frequencies are in the ratio of quadratic irrationals."""
    ratio = float(rng.choice([(np.sqrt(5) - 1) / 2, np.sqrt(2) - 1, (np.sqrt(13) - 3) / 2 + 1]))
    w, q = float(rng.uniform(0.5, 3.0)), rotation(rng, 4)

    def rule(t: Any, y: Any, p: Any) -> Any:
        del t
        a, b, c, d = p["q"].T @ y
        r, s = 1 - a * a - b * b, 1 - c * c - d * d
        v = p["w"] * p["ratio"]
        return p["q"] @ jnp.stack([r * a - p["w"] * b, p["w"] * a + r * b, s * c - v * d, v * c + s * d])

    system = lambda: ds.flow(rule, rng_free(4), parameters={"q": q, "w": w, "ratio": ratio})  # noqa: E731
    return Case(f"two-oscillators w={w:.3f} ratio={ratio:.4f}", system, TORUS, "two free frequencies",
                interval=0.4 / w, recorded=TORUS)  # fmt: skip


@family(8)
def two_phases(rng: Rng) -> Case:
    """theta_i' = omega_i + K / 2 sin(theta_j - theta_i): locked where the difference of frequencies is below K."""
    gap, locked = float(rng.uniform(0.3, 1.0)), bool(rng.integers(2))
    strength = gap * float(rng.uniform(1.3, 4.0) if locked else rng.uniform(0.1, 0.6))
    from dynascope.models.networks import Kuramoto

    system = lambda: Kuramoto(jnp.array([1.3, 1.3 + gap]), strength)  # noqa: E731
    # Drifting phases are a torus; a resonance of the two mean frequencies is possible, yet no orbit is attracting.
    return Case(f"two-phases gap={gap:.3f} K={strength:.3f}", system, CYCLE if locked else TORUS, "Adler (1946)")


@family(8)
def hamiltonian(rng: Rng) -> Case:
    k = rng.uniform(0.5, 3.0, 3)

    def rule(t: Any, y: Any, p: Any) -> Any:
        del t
        force = -p["k"][0] * y[:2] - p["k"][1] * y[:2] ** 3 - p["k"][2] * y[:2] * jnp.sum(y[:2] ** 2)
        return jnp.concatenate([y[2:], force])

    system = lambda: ds.flow(rule, [0.7, 0.3, 0.0, 0.1], parameters={"k": k}, names="x y u v")  # noqa: E731
    return Case(f"hamiltonian k={np.round(k, 3).tolist()}", system, KEPT, "theorem of Liouville")


@family(8)
def gradient(rng: Rng) -> Case:
    """x_i' = x_i - x_i^3 in rotated coordinates, one of them tilted: two wells between the folds at 0.3849."""
    d, tilt = int(rng.integers(2, 6)), float(rng.uniform(0.0, 0.3) if rng.uniform() < 0.6 else rng.uniform(0.5, 1.0))
    q = rotation(rng, d)

    def rule(t: Any, y: Any, p: Any) -> Any:
        del t
        z = p["q"].T @ y
        return p["q"] @ jnp.concatenate([(p["h"] + z[0] - z[0] ** 3)[None], -z[1:]])

    system = lambda: ds.flow(rule, rng_free(d), parameters={"q": q, "h": tilt})  # noqa: E731
    return Case(f"gradient d={d} tilt={tilt:.3f}", system, MANY if tilt < 0.3849 else FIXED, "folds at 0.3849")


@family(10)
def tanh_network(rng: Rng) -> Case:
    """Contracting where the largest singular value is below 1; chaos by own exponents from three starts."""
    calm = bool(rng.integers(2))
    n = int(rng.integers(4, 40)) if calm else 64
    gain = float(rng.uniform(0.3, 0.92) if calm else rng.uniform(3.0, 5.0))

    def draw() -> tuple[np.ndarray, np.ndarray]:
        w = rng.normal(size=(n, n)) / np.sqrt(n)
        return (w * gain / np.linalg.norm(w, 2) if calm else gain * w), 0.2 * rng.normal(size=n)

    def clear(drawn: tuple[np.ndarray, np.ndarray]) -> bool:
        w, b = drawn
        rule = lambda y: np.tanh(w @ y + b)  # noqa: E731
        return calm or all(
            exponent_of_map(rule, np.random.default_rng(s).normal(size=n), steps=4000) > CLEAR for s in range(3)
        )

    w, b = until(draw, clear)
    system = lambda: ds.iterated(  # noqa: E731
        lambda _, y, p: jnp.tanh(p["w"] @ y + p["b"]), np.zeros(n).tolist(), parameters={"w": w, "b": b}
    )
    return Case(f"tanh-network n={n} gain={gain:.3f}", system, FIXED if calm else CHAOTIC, "contraction; own exponents",
                interval=None if calm else 1.0, recorded=() if calm else CHAOS)  # fmt: skip


@family(8)
def tanh_units(rng: Rng) -> Case:
    """Units that see only themselves, x -> tanh(w x): rest at 0, two places of rest each, or an alternation."""
    w = float(rng.choice([rng.uniform(-0.9, 0.9), rng.uniform(1.2, 3.0), rng.uniform(-3.0, -1.2)]))
    system = lambda: ds.iterated(lambda _, y, p: jnp.tanh(p["w"] * y), [0.4], parameters={"w": w})  # noqa: E731
    regimes = FIXED if abs(w) < 1 else MANY if w > 1 else PERIODIC
    return Case(f"tanh-units w={w:.3f}", system, regimes, "slope at the origin")


@family(6)
def driven_network(rng: Rng) -> Case:
    """A network under noise whose largest singular value is below 1 forgets its past, whatever the drive."""
    n, seed = int(rng.integers(8, 48)), int(rng.integers(2**31))
    drawn = RNN.draw(n=n, inputs=1, gain=1.0, key=jax.random.key(seed))
    size = float(np.linalg.norm(np.asarray(drawn.layers[0].weight_hh), 2))
    gain = float(rng.uniform(0.3, 0.92)) / size
    system = lambda: RNN.draw(n=n, inputs=1, gain=gain, key=jax.random.key(seed))  # noqa: E731
    return Case(f"driven-network n={n} gain={gain:.3f}", system, FORGETS, "contraction",
                inputs=lambda: Noise(jax.random.key(seed), channels=1, std=1.0))  # fmt: skip


@family(6)
def ornstein_uhlenbeck(rng: Rng) -> Case:
    theta = float(rng.uniform(0.3, 3.0))
    return Case(f"ornstein-uhlenbeck theta={theta:.3f}", lambda: ds.build("ornstein-uhlenbeck", theta=theta), FORGETS,
                "exponent -theta")  # fmt: skip


@family(8)
def integrate_and_fire(rng: Rng) -> Case:
    fires = bool(rng.integers(2))
    current = float(rng.uniform(1.6, 4.0) if fires else rng.uniform(0.0, 1.4))
    return Case(f"integrate-and-fire I={current:.3f}", lambda: ds.build("leaky-integrate-and-fire", I=current),
                CYCLE if fires else FIXED, "fires where R I > V_th - E_L = 15")  # fmt: skip


@family(6)
def mackey_glass(rng: Rng) -> Case:
    beats = bool(rng.integers(2))
    tau = float(rng.uniform(6.0, 12.5) if beats else rng.uniform(1.0, 4.2))
    return Case(f"mackey-glass tau={tau:.3f}", lambda: ds.build("mackey-glass", tau=tau), CYCLE if beats else FIXED,
                "Hopf bifurcation at 4.7083; Farmer (1982): a cycle to 13.3",
                interval=1.0 if beats else None, recorded=BEATS if beats else ())  # fmt: skip
