"""Rules of plasticity between rates, by our own fixed points against their theory."""

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope.models import BCMRule, BCMState, HebbRule, OjaRule
from dynascope.solve import RK4
from dynascope.systems import Recorded

PATTERNS = np.array([[2.0, 1.0], [1.0, 2.0]])
CORRELATION = PATTERNS.T @ PATTERNS / 2  # eigenvalues 4.5 along (1, 1) and 0.5 along (1, -1)


def test_hebb_grows_along_the_leading_eigenvector() -> None:
    rule = HebbRule(eta=0.01, gamma=0.02)
    found = ds.fixed_points(rule)
    np.testing.assert_allclose(found.states, [[0.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(np.sort(found.eigenvalues[0].real), [0.01 * 0.5 - 0.02, 0.01 * 4.5 - 0.02], atol=1e-12)
    w = np.asarray(ds.trajectory(rule, None, np.array([0.0, 400.0])).ys[-1])
    assert w[1] / w[0] == pytest.approx(1.0, abs=1e-5)
    assert np.linalg.norm(w) > 1e3
    forgetting = ds.trajectory(rule.replace(gamma=0.05), None, np.array([0.0, 4000.0])).ys[-1]
    assert float(jnp.linalg.norm(forgetting)) < 1e-6


def test_oja_finds_the_principal_component_and_only_that() -> None:
    found = ds.fixed_points(OjaRule())
    assert len(found.states) == 5
    lengths = np.linalg.norm(found.states, axis=1)
    fact = ds.models.facts("oja-rule")["eigenvalues"]
    for w, length, eigenvalues, stability in zip(
        found.states, lengths, np.real(found.eigenvalues), found.stability, strict=True
    ):
        if length < 0.5:
            assert stability == "unstable node"
            np.testing.assert_allclose(np.sort(eigenvalues), [0.5, 4.5], atol=1e-9)
        else:
            assert length == pytest.approx(1.0, abs=1e-9)
            along = abs(w @ np.array([1.0, 1.0])) / np.sqrt(2)
            leading = along > 0.5
            assert along == pytest.approx(1.0 if leading else 0.0, abs=1e-9)
            assert stability == ("stable node" if leading else "saddle")
            assert not leading or fact.agrees(np.sort(eigenvalues))
            # -2 lambda along itself, the difference of the eigenvalues across.
            np.testing.assert_allclose(np.sort(eigenvalues), [-9.0, -4.0] if leading else [-1.0, 4.0], atol=1e-9)


def test_oja_online_agrees_with_its_average() -> None:
    # One row of zeros: the input is all there is, here two patterns by turns, 4,000 times each.
    rule = OjaRule(patterns=jnp.zeros((1, 2)), eta=1e-3)
    inputs = Recorded(jnp.asarray(PATTERNS), dt=0.5, hold=True, cyclic=True)
    run = ds.trajectory(rule, jnp.array([0.9, -0.3]), np.linspace(0.0, 4000.0, 3), inputs=inputs, solver=RK4(0.5))
    np.testing.assert_allclose(run.ys[-1], np.array([1.0, 1.0]) / np.sqrt(2), atol=5e-3)
    mean = ds.trajectory(OjaRule(eta=1e-3), jnp.array([0.9, -0.3]), np.linspace(0.0, 4000.0, 3))
    np.testing.assert_allclose(run.ys[1], mean.ys[1], atol=5e-3)


def test_bcm_selects_one_pattern() -> None:
    patterns = np.array([[1.0, 0.2], [0.2, 1.0]])
    rule = BCMRule(patterns=patterns, eta=0.1, tau=1.0)
    for start, chosen in (((1.0, 0.5), 0), ((0.5, 1.0), 1)):
        y0 = rule.initial_state()._replace(w=jnp.array(start))
        last = ds.trajectory(rule, y0, np.array([0.0, 2000.0])).ys
        outputs = patterns @ np.asarray(last.w[-1])
        wanted = np.array([2.0, 0.0]) if chosen == 0 else np.array([0.0, 2.0])
        np.testing.assert_allclose(outputs, wanted, atol=1e-5)
        assert float(last.theta[-1]) == pytest.approx(2.0, abs=1e-5)


def test_bcm_fixed_points_and_their_stability() -> None:
    rule = BCMRule(patterns=jnp.eye(2), eta=0.1, tau=5.0)
    found = ds.fixed_points(rule)
    by_state = {
        tuple(np.round(s, 6) + 0.0): (kind, e)
        for s, kind, e in zip(found.states, found.stability, found.eigenvalues, strict=True)
    }
    for selective in ((2.0, 0.0, 2.0), (0.0, 2.0, 2.0)):
        kind, _ = by_state[selective]
        assert kind.startswith("stable")
    assert by_state[(1.0, 1.0, 1.0)][0].startswith("saddle")


def test_bcm_threshold_that_slides_too_slowly_oscillates() -> None:
    # Trace eta q - 1 / tau of the selective state vanishes at tau = 1 / (eta q), with frequency eta q there.
    hopf = float(ds.models.facts("bcm-rule")["hopf_tau"].value)
    for tau, stable in ((0.99 * hopf, True), (1.01 * hopf, False)):
        rule = BCMRule(patterns=jnp.eye(2), eta=0.1, tau=tau)
        found = ds.fixed_points(rule, starts=BCMState(jnp.array([[2.0, 0.0]]), jnp.array([2.0])))
        at = int(np.argmin(np.linalg.norm(found.states - np.array([2.0, 0.0, 2.0]), axis=1)))
        np.testing.assert_allclose(found.states[at], [2.0, 0.0, 2.0], atol=1e-8)
        assert found.stability[at].startswith("stable") == stable
        assert np.max(found.eigenvalues[at].imag) == pytest.approx(0.1, rel=2e-2)
