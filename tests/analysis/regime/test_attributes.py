"""Attributes of the verdict, each on both sides of its rule."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.analysis.regime import regime_of
from dynascope.analysis.regime._attributes import bursting, extrema, frequencies, intermittent, mixed_mode


def number(sign: Any) -> float:
    """The value of the evidence of an attribute that must be there."""
    assert sign is not None
    return float(sign.evidence.value)


def value(found: Any, attribute: str) -> tuple[float, float]:
    """What the evidence of an attribute says, which is put last."""
    assert attribute in found.verdict.attributes, found.verdict.summary()
    evidence = found.verdict.evidence[-1]
    return float(evidence.value), float(evidence.error)


def logistic(r: float, count: int = 8192) -> np.ndarray:
    x = np.empty(count)
    x[0] = 0.3
    for n in range(count - 1):
        x[n + 1] = r * x[n] * (1 - x[n])
    return x[1000:, None]


def test_extrema_leave_ripples_out():
    t = np.linspace(0, 20 * np.pi, 4001)
    found = extrema(np.sin(t) + 1e-4 * np.sin(40 * t))
    assert len(found.at) == 9  # the first rises from no minimum
    np.testing.assert_allclose(found.values, 1.0, atol=2e-4)
    np.testing.assert_allclose(found.rises[1:], 2.0, atol=4e-4)


def train(sizes: list[float], width: int = 100) -> np.ndarray:
    """One hump of each size after the other."""
    hump = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, width, endpoint=False))
    return np.concatenate([s * hump for s in sizes])


def test_mixed_modes_are_counted():
    assert number(mixed_mode(train([1.0, 0.1, 0.1, 0.1] * 8))) == 3.0
    # Two sizes that differ by less than three are a doubled period, and no gap is no mode.
    assert mixed_mode(train([1.0, 0.5] * 10)) is None
    assert mixed_mode(train(list(np.geomspace(0.1, 1.0, 12)) * 3)) is None


def test_spikes_of_bursts_are_counted():
    quiet = np.zeros(1500)
    x = np.concatenate([part for _ in range(6) for part in (train([1.0] * 5), quiet)])
    assert number(bursting(np.arange(len(x)) * 0.1, x)) == 5.0
    assert bursting(np.arange(2000) * 0.1, train([1.0] * 20)) is None
    # Groups of spikes between which the series is not quiet are none.
    loud = np.concatenate([part for _ in range(6) for part in (train([1.0] * 5), train([0.29], width=1500))])
    loud[np.arange(len(loud)) % 2000 >= 500] *= 2
    assert bursting(np.arange(len(loud)) * 0.1, loud) is None


def test_bursts_of_chaotic_bursting_have_intervals_of_two_kinds_without_a_gap():
    """Intervals spread by a factor of two about 1 and 5; evenly spread ones and those of one kind are no bursts."""
    rng = np.random.default_rng(1)

    def spikes(intervals: np.ndarray) -> np.ndarray:
        width = 40
        hump = list(0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, width, endpoint=False)))
        return np.array([v for n in intervals for v in hump + [0.0] * int(width * (n - 1))])

    short = np.array([[*rng.uniform(1.0, 2.2, 3), rng.uniform(3.0, 7.0)] for _ in range(40)]).ravel()
    x = spikes(short)
    assert number(bursting(np.arange(len(x)), x)) == pytest.approx(4.0, abs=0.3)
    for other in (np.exp(rng.uniform(0, 2, 160)), rng.exponential(3.0, 160) + 1, rng.uniform(1, 2, 160)):
        x = spikes(other)
        assert bursting(np.arange(len(x)), x) is None


def test_intermittency_before_the_window_of_period_three():
    """Pomeau & Manneville (1980): regular phases last as the inverse square root of the distance to 1 + sqrt 8."""
    edge = 1 + np.sqrt(8)
    near, nearer = intermittent(logistic(edge - 4e-4)), intermittent(logistic(edge - 1e-4, 32_768))
    assert number(nearer) / number(near) == pytest.approx(2.0, rel=0.2)
    assert "every 3 steps" in near.evidence.meaning  # pyright: ignore[reportOptionalMemberAccess]
    # Fully developed chaos, bands of chaos and a period are not intermittent.
    assert all(intermittent(logistic(r)) is None for r in (3.58, 3.7, 4.0, 3.83))


def test_frequencies_of_a_torus():
    t = 0.05 * np.arange(32_768)
    golden = (np.sqrt(5) - 1) / 2
    x = np.cos(2 * np.pi * 0.3 * t) + 0.4 * np.cos(2 * np.pi * 0.3 * golden * t) * (
        1 + 0.3 * np.cos(2 * np.pi * 0.3 * t)
    )
    sign = frequencies(x, 0.05, "s")
    assert sign is not None
    got = [float(f) for f in str(sign.evidence.value).split(", ")]
    np.testing.assert_allclose(got, [0.3, 0.3 * golden], rtol=1e-3)
    assert frequencies(np.cos(0.7 * t) + 0.2 * np.cos(2.1 * t), 0.05, "s") is None


def test_neuron_at_rest_is_excitable_and_a_linear_focus_is_not():
    """FitzHugh (1961): a push beyond about 0.6 in v makes a spike at I = 0."""
    found = regime_of(ds.build("fitzhugh-nagumo", I=0.0))
    size, error = value(found, "excitable")
    assert 0.4 < size - error < size < 0.8
    assert regime_of(ds.build("linear-flow")).verdict.attributes == ()


def test_lifetime_of_chaos_beyond_the_crisis_of_henon():
    """Compared with the escape of 2000 orbits counted in plain numpy; before the crisis there is chaos for ever."""
    rng = np.random.default_rng(5)
    x, y = rng.uniform(-0.5, 0.5, (2, 4000))
    alive = []
    for _ in range(3000):
        x, y = 1 - 1.43 * x * x + y, 0.3 * x
        kept = np.abs(x) < 5
        x, y = x[kept], y[kept]
        alive.append(len(x))
    counts = np.array(alive, float)
    known = 600 / np.log(counts[200] / counts[800])
    size, error = value(regime_of(ds.build("henon", a=1.43)), "transient chaos")
    assert abs(size - known) < 3 * np.hypot(error, 0.05 * known)
    assert regime_of(ds.build("henon", a=1.4)).verdict.attributes == ()
    assert regime_of(ds.build("henon", a=2.0)).verdict.attributes == ()


@pytest.mark.slow
def test_lorenz_is_chaotic_for_a_while_below_its_subcritical_hopf_point():
    """Kaplan & Yorke (1979): chaotic transients from rho = 13.926 to 24.06, where chaos becomes an attractor."""
    assert "transient chaos" in regime_of(ds.build("lorenz", rho=22.0)).verdict.attributes
    assert regime_of(ds.build("lorenz", rho=10.0)).verdict.attributes == ()


@pytest.mark.slow
def test_bursting_of_hindmarsh_and_rose():
    """Two spikes per burst at I = 2; chaotic bursting at 3.25; regular spiking at 4."""

    def neuron(current: float) -> ds.AbstractFlow:
        def rule(t: Any, y: Any, p: Any) -> Any:
            del t
            x, w, z = y
            return jnp.stack([w - x**3 + 3 * x**2 - z + p["I"], 1 - 5 * x**2 - w, 0.006 * (4 * (x + 1.6) - z)])

        return ds.flow(rule, [-1.0, 0.0, 2.0], parameters={"I": current}, names="x w z")

    size, _ = value(regime_of(neuron(2.0)), "bursting")
    assert size == pytest.approx(2.0)
    assert "bursting" not in regime_of(neuron(4.0)).verdict.attributes
    t = np.arange(1000.0, 5000.0, 0.2)
    x = np.asarray(ds.trajectory(neuron(3.25), None, jnp.asarray(np.concatenate([[0.0], t]))).flat)[1:, 0]
    assert 2 < number(bursting(t, x)) < 4


@pytest.mark.slow
def test_mixed_modes_of_koper():
    """Koper (1995): large and small oscillations at lambda = -7.5, relaxation oscillations at -3."""

    def reaction(level: float) -> ds.AbstractFlow:
        def rule(t: Any, y: Any, p: Any) -> Any:
            del t
            x, w, z = y
            return jnp.stack([(-10 * w - x**3 + 3 * x - p["l"]) / 0.1, x - 2 * w + z, w - z])

        return ds.flow(rule, [1.0, 1.0, 1.0], parameters={"l": level}, names="x w z")

    assert "mixed-mode" in regime_of(reaction(-7.5)).verdict.attributes
    assert "mixed-mode" not in regime_of(reaction(-3.0)).verdict.attributes
