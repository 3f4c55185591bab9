"""Properties that hold for every input, searched by hypothesis."""

import json

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dynascope as ds
from dynascope.analysis._blocks import block_error
from dynascope.analysis._topology import distance, unrolled, wrapped
from dynascope.report._report import plain
from dynascope.systems import Recorded, Variable

FINITE = st.floats(-1e3, 1e3, allow_subnormal=False)
ANGLES = (Variable("a", topology="circle"), Variable("b", topology="circle", period=24.0), Variable("x"))


def states(count: int) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(float, (count, len(ANGLES)), elements=FINITE)


@given(states(2), st.integers(-5, 5), st.integers(-5, 5))
def test_turns_change_no_distance(pair: np.ndarray, m: int, n: int) -> None:
    a, b = pair
    turned = a + np.array([2 * np.pi * m, 24.0 * n, 0.0])
    scale = np.ones(3)
    assert np.isclose(distance(turned, b, scale, ANGLES), distance(a, b, scale, ANGLES), atol=1e-9)
    assert np.isclose(distance(a, b, scale, ANGLES), distance(b, a, scale, ANGLES))
    assert np.allclose(unrolled(turned, ANGLES), unrolled(a, ANGLES), atol=1e-9)


@given(states(3))
def test_wrapping_twice_is_wrapping_once(many: np.ndarray) -> None:
    once = wrapped(many, ANGLES)
    assert np.all((once[:, 0] >= 0) & (once[:, 0] <= 2 * np.pi))
    assert np.allclose(wrapped(once, ANGLES), once, atol=1e-12)
    assert np.array_equal(once[:, 2], many[:, 2])


@given(hnp.arrays(float, st.integers(2, 200), elements=FINITE), FINITE, st.floats(0.1, 10.0))
def test_errors_scale_with_the_series_and_ignore_its_mean(series: np.ndarray, shift: float, factor: float) -> None:
    error = block_error(series)
    assert error >= 0
    assert np.isclose(block_error(factor * series + shift), factor * error, rtol=1e-6, atol=1e-9)


@given(hnp.arrays(float, st.tuples(st.integers(2, 20), st.integers(1, 3)), elements=FINITE), st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=40)
def test_a_recorded_input_stays_between_its_neighbours(values: np.ndarray, share: float) -> None:
    signal = Recorded(jnp.asarray(values), dt=0.5)
    i = int(share * (len(values) - 2))
    seen = np.asarray(signal(0.5 * (i + 0.25)))
    assert np.allclose(seen, 0.75 * values[i] + 0.25 * values[i + 1], atol=1e-9)


@given(hnp.arrays(float, 3, elements=FINITE), hnp.arrays(float, 3, elements=st.floats(0.0, 100.0)), st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_a_box_holds_its_samples(low: np.ndarray, width: np.ndarray, seed: int) -> None:
    box = ds.Box(jnp.asarray(low), jnp.asarray(low + width))
    drawn = np.asarray(box.sample(jax.random.key(seed), 16))
    slack = 1e-12 * (np.abs(low) + width + 1)
    assert np.all((drawn >= low - slack) & (drawn <= low + width + slack))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_json_is_strict_whatever_the_numbers(value: object) -> None:
    json.loads(json.dumps(plain(value), allow_nan=False))
