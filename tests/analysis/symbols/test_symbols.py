"""Symbolic codes of maps whose grammar, entropies and fixed points are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynascope import ComputationFailed, InputError
from dynascope._errors import RESULTS
from dynascope.analysis.symbols import entropy_rate, symbolic_code, topological_entropy
from dynascope.data import load, save
from dynascope.models import ALRNN, ShallowPLRNN, build

GOLDEN = (1 + np.sqrt(5)) / 2


def tent(slope: float) -> ALRNN:
    """z' = 1 - slope |z| as a network of one rectified unit."""
    return ALRNN(jnp.array([slope]), jnp.array([[-2 * slope]]), jnp.array([1.0]), jnp.array([0.3]), rectified=1)


def test_golden_tent_has_the_golden_grammar():
    # The turning point is periodic, so the two regions are a Markov partition: left is never followed by left.
    code = symbolic_code(tent(GOLDEN), duration=20_000)
    assert len(code) == 2
    left = int(np.flatnonzero(~code.active[:, 0])[0])
    assert code.transitions[left, left] == 0
    np.testing.assert_allclose(code.transitions.sum(axis=1), 1)
    np.testing.assert_allclose(code.topological_entropy, np.log(GOLDEN), atol=1e-9)
    # The measure of greatest entropy is the natural one: the entropy rate is the exponent, too.
    for rate, error in zip(code.entropy_rate, code.entropy_rate_stderr, strict=True):
        assert abs(rate - np.log(GOLDEN)) < 4 * error + 1e-3
    # The density is constant on the left piece, of length 1/phi, and phi times that on the right one, of length 1: of
    # the steps on the right the share 1 - 1/phi goes left, so that the right holds 1 / (2 - 1/phi) of all.
    right = 1 - left
    assert abs(code.shares[right] - 1 / (2 - 1 / GOLDEN)) < 4 * code.shares_stderr[right] + 1e-3


def test_words_bound_the_entropy_of_a_tent_from_above():
    code = symbolic_code(tent(1.9), duration=50_000)
    assert np.all(np.diff(code.topological_entropy) <= 1e-9)
    assert np.all(code.topological_entropy >= np.log(1.9) - 1e-6)
    assert code.topological_entropy[-1] < np.log(1.9) + 0.02
    assert abs(code.entropy_rate[-1] - np.log(1.9)) < 4 * code.entropy_rate_stderr[-1] + 5e-3
    # Fixed points: 1 / 2.9 on the right; 1 / (1 - 1.9) on the left, both within their regions.
    found = dict(zip(code.active[:, 0].tolist(), code.fixed_points[:, 0].tolist(), strict=True))
    assert found[True] == pytest.approx(1 / 2.9)
    assert found[False] == pytest.approx(-1 / 0.9)
    assert code.real.all()
    np.testing.assert_allclose(np.sort(np.real(code.multipliers[:, 0])), [-1.9, 1.9])


def test_virtual_fixed_points_are_told():
    # z' = 0.5 z + 1 left of nil and 0.2 z + 1 right of it: the left one would rest at 2, which lies on the right.
    system = ALRNN(jnp.array([0.5]), jnp.array([[-0.3]]), jnp.array([1.0]), jnp.array([-5.0]), rectified=1)
    code = symbolic_code(system, duration=30, transient=0)
    assert code.active[:, 0].tolist() == [True, False]
    np.testing.assert_allclose(code.fixed_points[:, 0], [1.25, 2.0])
    assert code.real.tolist() == [True, False]
    assert "1 real, 1 virtual" in code.summary()


def test_regions_of_a_shallow_network_are_those_of_its_hidden_layer():
    system = ShallowPLRNN.example()
    code = symbolic_code(system, duration=3000)
    # Signs of x and y: four regions, and in each the map of Lozi is linear.
    assert len(code) == 4
    assert code.shares.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(np.prod(np.abs(code.multipliers), axis=1), 0.5, atol=1e-12)
    for z, symbol in zip(code.states[:50], code.symbols[:50], strict=True):
        np.testing.assert_array_equal(code.active[symbol], [z[0] > 0, z[0] < 0, z[1] > 0, z[1] < 0])


def test_too_many_regions_have_no_entropy_that_an_orbit_tells():
    system = ShallowPLRNN.example()
    assert symbolic_code(system, duration=2000).sampled > 0
    short = symbolic_code(system, duration=60, least=0.0)
    assert short.sampled == 0
    assert "too many for entropies" in short.summary()


def test_rare_regions_are_gaps():
    code = symbolic_code(tent(1.9), duration=2000, least=0.45)
    assert len(code) == 1
    assert code.rare_share == pytest.approx(1 - code.shares[0])
    assert set(code.symbols.tolist()) == {-1, 0}


@pytest.mark.parametrize(("period", "length"), [(1, 1), (3, 1), (5, 4)])
def test_cycles_have_no_entropy(period, length):
    symbols = np.arange(400) % period
    assert topological_entropy(symbols, length=length) == pytest.approx(0.0, abs=1e-9)
    assert abs(entropy_rate(symbols, length=length)[0]) < 0.02


def test_full_shift_and_a_bridge_between_two_cycles():
    shift = np.random.default_rng(0).integers(0, 3, 5000)
    assert topological_entropy(shift, length=2) == pytest.approx(np.log(3), abs=1e-9)
    # A transient from one cycle to another adds no sequences that go on for ever.
    bridge = np.concatenate([np.arange(100) % 2, 2 + np.arange(100) % 3])
    assert topological_entropy(bridge) == pytest.approx(0.0, abs=1e-9)


def test_code_round_trips_through_a_file(tmp_path):
    code = symbolic_code(tent(1.9), duration=200)
    save(code, tmp_path / "code.nc")
    again = load(tmp_path / "code.nc")
    np.testing.assert_array_equal(again.symbols, code.symbols)
    np.testing.assert_array_equal(again.transitions, code.transitions)


def test_divergence_is_told():
    with pytest.raises(ComputationFailed):
        symbolic_code(tent(3.0), duration=500)
    code = symbolic_code(tent(3.0), duration=500, throw=False)
    assert code.result == RESULTS.nonfinite


def test_what_has_no_code_is_refused():
    with pytest.raises(InputError, match="needs a piecewise-linear map"):
        symbolic_code(build("henon"))
    with pytest.raises(InputError, match="`duration` must be at least 20"):
        symbolic_code(tent(1.9), duration=5)
    with pytest.raises(InputError, match="must be a sequence of integers"):
        topological_entropy([0.5, 1.0])


def test_all_regions_drawn_are_found():
    system = ALRNN.draw(n=4, rectified=2, key=jax.random.key(3))
    code = symbolic_code(system, duration=100, transient=0, least=0.0)
    assert len(code) <= 4
