"""Conditional exponents against Pecora and Carroll's table, exact cases and copies of the response."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.synchrony import conditional_exponents
from dynascope.systems import driven, subsystem

LORENZ = ds.build("lorenz").replace(rho=60.0)


def test_lorenz_driven_by_x():
    """Pecora and Carroll (1990), rho = 60: -1.81 and -1.86; their sum is -(1 + beta) exactly."""
    found = conditional_exponents(LORENZ, subsystem(LORENZ, ["y", "z"]), duration=500.0, copies=2)
    assert found.exponents == pytest.approx([-1.81, -1.86], abs=0.02)
    assert found.exponents.sum() == pytest.approx(-(1 + 8 / 3), abs=1e-5)
    assert found.verdict == "generalised synchronisation"
    assert found.merged
    assert found.decay == pytest.approx(found.exponents[0], rel=0.1)
    assert "copies merge" in found.summary()


def test_lorenz_driven_by_y():
    """The block is triangular: -beta and -sigma exactly (Pecora and Carroll measured -2.67 and -9.99)."""
    found = conditional_exponents(LORENZ, subsystem(LORENZ, ["x", "z"]), duration=100.0, copies=1)
    assert found.exponents == pytest.approx([-8 / 3, -10.0], abs=1e-6)


def test_lorenz_driven_by_z_is_neutral():
    """(x, y) is linear in itself with the drive's own (x, y) a bounded solution: zero and -(sigma + 1) exactly."""
    found = conditional_exponents(LORENZ, subsystem(LORENZ, ["x", "y"]), duration=500.0, copies=1)
    assert found.exponents == pytest.approx([0.0, -11.0], abs=0.01)
    assert np.all(np.abs(found.exponents - [0.0, -11.0]) < 4 * found.stderr)
    assert not found.merged


@pytest.mark.parametrize(("kept", "first"), [(["y", "z"], 0.2), (["x", "y"], 0.1)])
def test_roessler_does_not_follow_x_or_z(kept, first):
    """Pecora and Carroll (1990), c = 9: the largest are +0.2 = a and +0.1 = a / 2."""
    unit = ds.build("roessler").replace(a=0.2, b=0.2, c=9.0)
    found = conditional_exponents(unit, subsystem(unit, kept), duration=400.0, copies=1)
    assert found.exponents[0] == pytest.approx(first, abs=1e-3)
    assert found.verdict == "no synchronisation"


def test_roessler_follows_y():
    """Pecora and Carroll (1990), c = 9, print -0.056 and -8.81; the sum is that of (y, z) driven by x less a."""
    unit = ds.build("roessler").replace(a=0.2, b=0.2, c=9.0)
    found = conditional_exponents(unit, subsystem(unit, ["x", "z"]), duration=4000.0, copies=1)
    assert found.exponents == pytest.approx([-0.0353, -8.802], abs=0.02)
    other = conditional_exponents(unit, subsystem(unit, ["y", "z"]), duration=4000.0, copies=1)
    assert found.exponents.sum() == pytest.approx(other.exponents.sum() - 0.2, abs=1e-3)
    assert found.merged


class Pulled(ds.AbstractMap):
    """A map with two stable responses: y' = y + rate (y - y^3) + strength u."""

    rate: Any = ds.param(0.3)
    strength: Any = ds.param(0.01)
    variables = ds.variables("y")

    def initial_state(self) -> Any:
        return jnp.ones(1)

    def region(self) -> Any:
        return ds.Box(-jnp.ones(1), jnp.ones(1))

    def input_size(self) -> int:
        return 1

    def step(self, n: Any, y: Any, u: Any) -> Any:
        del n
        return y + self.rate * (y - y**3) + self.strength * (u - 0.5)


def test_two_responses_to_one_drive():
    found = conditional_exponents(ds.build("logistic").replace(r=4.0), Pulled(), duration=2000, copies=6)
    assert found.exponents[0] < 0
    assert not found.merged
    assert found.verdict == "several responses"


def test_response_of_its_own_kind_agrees_with_the_driven_system():
    """A response whose exponent is known: y' = c y + u contracts at log c whatever drives it."""
    response = ds.build("lorenz")
    with pytest.raises(InputError, match="takes no input"):
        conditional_exponents(response, response)
    linear = Pulled(rate=0.0, strength=1.0)
    found = conditional_exponents(ds.build("henon"), linear, lambda t, x: x[:1], duration=500, copies=1)
    assert found.exponents == pytest.approx([0.0], abs=1e-12)
    assert found.verdict == "undecided"


def test_subsystem_is_the_system_when_fed_its_other_half():
    part: Any = subsystem(LORENZ, [2, "x"])
    y = jnp.array([1.0, -2.0, 3.0])
    lorenz: Any = LORENZ
    whole = lorenz.vector_field(0.0, y, None)
    assert part.vector_field(0.0, y[jnp.array([0, 2])], y[1:2]) == pytest.approx(whole[jnp.array([0, 2])])
    assert [v.name for v in part.variables] == ["x", "z"]
    assert part.region().low.shape == (2,)
    for wrong, words in ((["x", "y", "z"], "between 1 and 2"), (["x", "x"], "different"), (["q"], "names")):
        with pytest.raises(InputError, match=words):
            subsystem(LORENZ, wrong)
    with pytest.raises(InputError, match="without input"):
        subsystem(Pulled(), ["y"])


def test_wrong_questions():
    with pytest.raises(InputError, match="The drive `Pulled` takes an input itself"):
        conditional_exponents(Pulled(), Pulled())
    with pytest.raises(InputError, match="must both be flows or both maps"):
        conditional_exponents(LORENZ, Pulled())
    with pytest.raises(InputError, match="`copies` must be at least 1"):
        conditional_exponents(driven(Pulled(), 0.0), Pulled(), copies=0)
