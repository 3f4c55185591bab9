"""Master stability functions against linear algebra, published thresholds and simulated networks."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.synchrony import master_stability, transversal_exponents
from dynascope.analysis.synchrony._crossings import crossings
from dynascope.systems import laplacian, networked

A = jnp.array([[-0.3, 1.0], [-2.0, 0.1]])
H = jnp.array([[1.0, 0.5], [0.0, 0.2]])
PAIR = [[0.0, 1.0], [1.0, 0.0]]
RING = [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
#: One-way ring: its Laplacian has the eigenvalues 1.5 +- 0.87i.
ONE_WAY = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def rotated(t: Any, y: Any, p: Any) -> Any:
    del t
    return p["A"] @ y


LINEAR = ds.flow(rotated, [1.0, 0.0], parameters={"A": A})


def largest(alpha: complex) -> float:
    return float(np.linalg.eigvals(np.asarray(A) - alpha * np.asarray(H)).real.max())


@pytest.mark.parametrize(
    "alphas", [np.linspace(2.0, 5.0, 7), np.array([1 + 1j, 0.5 - 2j, 3 + 0.2j])], ids=["real", "complex"]
)
def test_linear_system_gives_the_largest_real_part(alphas):
    found = master_stability(LINEAR, H, alphas, duration=300.0, transient=50.0, refine=0)
    assert found.exponents == pytest.approx([largest(a) for a in alphas], abs=1e-8)
    assert found.successful


def test_linear_system_with_complex_pairs_lies_within_its_errors():
    alphas = np.array([0.0, 0.3])
    found = master_stability(LINEAR, H, alphas, duration=300.0, transient=50.0)
    off = np.abs(found.exponents - [largest(a) for a in alphas])
    assert np.all(off < 3 * found.stderr)
    assert np.all(found.stderr < 2e-3)


def test_full_coupling_shifts_the_exponent():
    """With h the identity Lambda(alpha) is the exponent of the unit minus alpha, for maps with their own sum."""
    found = master_stability(ds.build("lorenz"), None, [0.0, 0.5, 2.0], duration=100.0, transient=10.0, refine=0)
    assert found.exponents == pytest.approx(found.exponents[0] - found.alphas, abs=1e-6)


def test_map_coupled_through_its_own_image():
    """With h = f the exponent is that of the unit plus log |1 - alpha|, and the two zeros lie at 1 -+ e^-lambda."""
    logistic: Any = ds.build("logistic").replace(r=4.0)
    image = lambda y: logistic.step(0, y, None)  # noqa: E731
    found = master_stability(logistic, image, np.linspace(0.0, 2.0, 22), duration=20_000)
    expected = found.exponents[0] + np.log(np.abs(1 - found.alphas))
    assert found.exponents == pytest.approx(expected, abs=1e-9)
    assert found.crossings == pytest.approx([0.5, 1.5], abs=0.01)
    assert np.all(np.abs(found.crossings - [0.5, 1.5]) < 3 * found.crossings_stderr + 1e-4)
    assert found.intervals.shape == (1, 2)


@pytest.fixture(scope="module")
def roessler() -> Any:
    unit = ds.build("roessler").replace(a=0.2, b=0.2, c=9.0)
    return unit, master_stability(unit, "x", np.linspace(0.0, 6.0, 41), duration=8000.0)


def test_roessler_is_stable_in_a_bounded_interval(roessler):
    """Huang et al. (2009), table I: 0.186 and 4.614."""
    _, found = roessler
    assert found.intervals == pytest.approx(np.array([[0.186, 4.614]]), abs=0.05)
    assert np.all(np.abs(found.crossings - [0.186, 4.614]) < 3 * found.crossings_stderr + 0.005)
    assert "stable from 0.1" in found.summary()


def test_lorenz_is_stable_beyond_a_threshold():
    """Huang et al. (2009), table I: 7.322 for beta = 2."""
    unit = ds.build("lorenz").replace(beta=2.0)
    found = master_stability(unit, "x", np.linspace(4.0, 12.0, 33), duration=1000.0)
    assert found.crossings[0] == pytest.approx(7.322, abs=3 * found.crossings_stderr[0] + 0.02)
    assert np.isinf(found.intervals_stderr[0, 1])
    assert "the last value tried" in found.summary()


def test_strengths_of_a_graph(roessler):
    _, found = roessler
    ends, errors = found.strengths(RING)
    assert ends == pytest.approx(found.intervals / 3, rel=1e-12)
    assert np.all(errors > 0)
    # A ring of 40 spreads its eigenvalues over a factor of 160, more than the interval holds.
    ring = np.roll(np.eye(40), 1, axis=0) + np.roll(np.eye(40), -1, axis=0)
    assert found.strengths(ring)[0].shape == (0, 2)
    with pytest.raises(InputError, match="complex eigenvalues"):
        found.strengths(ONE_WAY)


def apart(unit: Any, strength: float, time: float) -> float:
    """The distance of two units, started one per cent apart, at the end of a run; without bound where they leave."""
    pair = networked(unit, PAIR, "x", strength=strength)
    run = ds.trajectory(pair, None, [0.0, time], solver=ds.fixed_solver(unit), throw=False)
    if not run.successful:
        return np.inf
    ys = np.asarray(run.ys)
    return float(np.linalg.norm(ys[-1, 0] - ys[-1, 1]))


def test_two_units_synchronise_where_the_function_says(roessler):
    """The difference of two units is the mode 2 sigma."""
    unit, found = roessler
    low, high = found.intervals[0] / 2
    assert apart(unit, low * 1.4, 2000.0) < 1e-8
    assert apart(unit, low * 0.5, 2000.0) > 1e-2
    assert apart(unit, high * 0.9, 2000.0) < 1e-8
    assert apart(unit, high * 1.1, 2000.0) > 1e-2


@pytest.mark.parametrize("graph", [RING, ONE_WAY], ids=["ring", "one way"])
def test_modes_are_the_spectrum_of_the_network(graph):
    unit = ds.build("roessler")
    start = jnp.tile(unit.initial_state()[None], (3, 1))
    found = transversal_exponents(unit, graph, "x", strength=0.1, k=3, duration=2000.0)
    whole = ds.lyapunov_spectrum(networked(unit, graph, "x", strength=0.1), y0=start, duration=2000.0)
    error = np.concatenate([found.along_stderr, found.stderr.ravel()]).max()
    assert found.spectrum == pytest.approx(whole.exponents, abs=4 * float(np.hypot(error, whole.stderr.max())))
    assert found.spectrum.sum() == pytest.approx(whole.exponents.sum(), abs=0.1)


def test_synchrony_of_a_network_is_judged():
    unit = ds.build("lorenz")
    strong = transversal_exponents(unit, PAIR, "x", strength=8.0, duration=300.0)
    weak = transversal_exponents(unit, PAIR, "x", strength=0.5, duration=300.0)
    assert strong.stable
    assert not strong.unstable
    assert weak.unstable
    assert strong.eigenvalues == pytest.approx([2.0])
    assert "is stable" in strong.summary()
    assert strong.along[0] == pytest.approx(0.906, abs=4 * strong.along_stderr[0])


def test_crossings_of_a_curve_with_errors():
    x = np.linspace(0.0, 3.0, 31)
    found = crossings(x, (x - 1) * (x - 2), np.full(31, 0.03))
    assert np.all(np.abs(found.places - [1.0, 2.0]) < found.errors)
    assert found.intervals == pytest.approx(np.array([[1.0, 2.0]]), abs=0.05)
    nothing = crossings(x, np.ones(31), np.full(31, 0.1))
    assert nothing.places.size == nothing.intervals.size == 0
    doubtful = crossings(x, 1e-3 * np.sin(9 * x), np.full(31, 0.1))
    assert doubtful.places.size == doubtful.intervals.size == 0
    always = crossings(x, -np.ones(31), np.full(31, 0.1))
    assert always.intervals.tolist() == [[0.0, 3.0]]
    assert np.all(np.isinf(always.intervals_errors))
    from_zero = crossings(x, -x, np.full(31, 0.01))
    assert from_zero.intervals_errors[0, 0] == pytest.approx(0.1)


def test_wrong_questions():
    lorenz = ds.build("lorenz")
    with pytest.raises(InputError, match=r"works on a flow or a map"):
        master_stability(ds.build("ornstein-uhlenbeck"))
    with pytest.raises(InputError, match=r"the components are 'x', 'y', 'z'"):
        master_stability(lorenz, "w")
    with pytest.raises(InputError, match=r"must be a matrix of shape \(3, 3\)"):
        master_stability(lorenz, np.eye(2))
    with pytest.raises(InputError, match=r"must return a state"):
        master_stability(lorenz, lambda y: y[:1])
    with pytest.raises(InputError, match=r"finite numbers"):
        master_stability(lorenz, None, [0.0, np.nan])
    with pytest.raises(InputError, match=r"is unstable where the coupling pulls"):
        master_stability(lorenz, None, [0.0, 1000.0], solver=ds.solve.RK4(0.01))
    with pytest.raises(InputError, match=r"2 zero eigenvalues of 2"):
        transversal_exponents(lorenz, np.zeros((2, 2)))
    with pytest.raises(InputError, match=r"`k` must lie between 1 and the dimension 3"):
        transversal_exponents(lorenz, PAIR, k=4)


def test_divergence_is_said():
    def away(t: Any, y: Any, p: Any) -> Any:
        del t, p
        return y**2

    bad = ds.flow(away, [1.0])
    with pytest.raises(ds.ComputationFailed, match="became infinite"):
        master_stability(bad, None, [0.0, 1.0], duration=10.0, transient=0.0, solver=ds.solve.RK4(0.01))
    quiet = master_stability(
        bad, None, [0.0, 1.0], duration=10.0, transient=0.0, solver=ds.solve.RK4(0.01), throw=False
    )
    assert not quiet.successful
    assert np.isnan(quiet.exponents).all()


def test_results_survive_saving(tmp_path):
    found = transversal_exponents(ds.build("henon"), ONE_WAY, strength=0.2, k=2, duration=2000)
    ds.save(found, tmp_path / "modes.nc")
    again = ds.load(tmp_path / "modes.nc")
    assert again.eigenvalues == pytest.approx(found.eigenvalues)
    assert again.exponents == pytest.approx(found.exponents)


def test_laplacian_ignores_loops():
    assert laplacian([[5.0, 1.0], [2.0, 0.0]]).tolist() == [[1.0, -1.0], [-2.0, 2.0]]
