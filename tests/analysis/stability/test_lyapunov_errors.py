"""Standard errors of exponents mean what they say: the truth lies within two of them in 90 to 99 of a hundred runs."""

import jax
import numpy as np
import pytest

import dynascope as ds


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "transient", "duration", "truth", "within"),
    [("henon", 500, 2000, 0.41922, (0.90, 0.99)), ("lorenz", 25.0, 150.0, 0.9056, (0.92, 1.0))],
)
def test_two_errors_cover_the_largest_exponent(name, transient, duration, truth, within):
    system = ds.build(name)
    box = system.region()
    assert box is not None
    values, errors = [], []
    for y in box.sample(jax.random.key(3), 200):
        found = ds.lyapunov_spectrum(system, y0=y, transient=transient, duration=duration, throw=False)
        if found.successful:
            values.append(found.exponents[0])
            errors.append(found.stderr[0])
    share = np.mean(np.abs(np.array(values) - truth) <= 2 * np.array(errors))
    assert within[0] <= share <= within[1]
    # An error that is always too large covers everything: it must be of the size of the real spread.
    assert 0.8 < np.median(errors) / np.std(values, ddof=1) < 1.8
    assert len(values) > 100
