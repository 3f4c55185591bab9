"""Stimulation that desynchronises: feedback against its exact effective coupling, reset against the strength needed."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.synchrony import order_parameters
from dynascope.models import CoordinatedReset, DelayedFeedbackKuramoto, Kuramoto, Lorentzian
from dynascope.solve import RK4


def orders(system, start, window, dt):
    run = ds.trajectory(system, start, np.r_[0.0, np.arange(*window)], solver=RK4(dt))
    return order_parameters(np.asarray(run.ys)[1:]).values


@pytest.mark.parametrize(("d", "periods"), [(1.0, 1.0), (1.0, 0.5), (3.0, 1.0)])
def test_delayed_feedback_changes_the_coupling_to_K_minus_d(d: float, periods: float) -> None:
    system = DelayedFeedbackKuramoto.quantiles(n=300, K=4.0, d=d)
    system = system.replace(tau=periods * system.tau)
    felt = 4.0 - d if periods == 1.0 else 4.0 + d
    r = orders(system, None, (25.0, 45.0, 0.1), 0.005)[0]
    if felt > 2.0:
        assert r == pytest.approx(np.sqrt(1 - 2 / felt), abs=0.02)
    else:
        assert r < 0.1  # abolished


def test_feedback_without_memory_is_kuramoto() -> None:
    system = DelayedFeedbackKuramoto.quantiles(n=6, d=0.7)
    y = jnp.linspace(0.0, 3.0, 6)
    field = system.vector_field(0.0, y, lambda s: y, None)
    np.testing.assert_allclose(field, Kuramoto(system.omega, 3.3).vector_field(0.0, y, None), atol=1e-12)
    with pytest.raises(InputError, match="max_delay"):
        system.replace(tau=5.0)


def test_coordinated_reset_holds_clusters_apart_beyond_the_strength_needed_and_not_below() -> None:
    base = CoordinatedReset.quantiles(n=200, frequencies=Lorentzian(2 * np.pi, 0.04), K=0.4)
    needed = base.needed_strength(0.04)
    apart = jnp.arange(200) % 4 * (-jnp.pi / 2)
    weak, strong = (orders(base.replace(S=f * needed), apart, (200.0, 260.0, 0.1), 0.02) for f in (0.8, 1.2))
    assert weak[0] > 0.5  # fails: the population synchronises again
    assert strong[0] < 0.1
    assert strong[3] > 0.4  # four clusters
    # From synchrony too, well beyond; and without stimulation synchrony stays.
    assert orders(base.replace(S=1.5 * needed), None, (200.0, 260.0, 0.1), 0.02)[0] < 0.1
    assert orders(base.replace(S=0.0), None, (100.0, 140.0, 0.1), 0.02)[0] == pytest.approx(
        np.sqrt(1 - 0.08 / 0.4), abs=0.02
    )


def test_pulses_come_in_turn_and_pause() -> None:
    system = CoordinatedReset.quantiles(n=4, on=1, off=2)
    seen = np.array([system.pulses(t) for t in np.arange(0.0, 3.0, 0.01) + 0.005])
    np.testing.assert_allclose(seen.sum(axis=0) * 0.01, [0.2, 0.2, 0.2, 0.2], atol=0.021)
    assert seen[100:].sum() == 0
    assert float(system.forcing_period()) == 3.0
