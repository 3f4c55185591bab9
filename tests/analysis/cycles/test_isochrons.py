"""Isochrons against closed forms, a symmetry and runs forward."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError
from dynascope.analysis.cycles import isochrons, periodic_orbit
from dynascope.systems import Box
from tests.analysis.cycles.clocks import CLOCK, apart, cycle, exact_phase

WIDE = Box(jnp.array([-3.5, -3.5]), jnp.array([3.5, 3.5]))


def test_closed_form_up_to_the_edge_of_the_basin(tmp_path: Path):
    """All states of a curve have its phase; inside it ends at the focus, outside it winds about the edge for ever."""
    found = isochrons(CLOCK, cycle(), count=4, region=WIDE, spacing=0.02)
    wanted = exact_phase(cycle().states[0]) + found.phases[:, None, None]
    radius = np.hypot(*np.moveaxis(found.curves, -1, 0))
    off = apart(exact_phase(found.curves), wanted)
    assert found.successful
    assert np.nanmax(np.where(radius < 2.9, off, np.nan)) < 1e-9
    assert np.nanmax(off) < 2e-6  # beside the edge the phase of a point hangs on the last digits of its place
    assert found.residuals.max() < 1e-6
    assert found.ends == (("phaseless", "length"),) * 4
    assert np.nanmin(radius[:, 0], axis=1) == pytest.approx(np.zeros(4), abs=0.05)
    assert np.nanmax(radius[:, 1], axis=1) == pytest.approx(np.full(4, 3.0), abs=1e-3)
    steps = np.linalg.norm(np.diff(found.curves, axis=2), axis=-1) / 7
    assert np.nanmax(steps) == pytest.approx(found.gaps.max())
    assert found.gaps.max() <= 0.02
    assert np.nansum(steps, axis=-1) == pytest.approx(found.lengths)
    again = ds.load(ds.save(found, tmp_path / "isochrons.nc"))
    assert again.ends == found.ends
    assert again.summary() == found.summary()


def test_van_der_pol():
    """Curves half a period apart are mirror images, and all states of one curve meet.

    Some backward paths leave the box and come back.
    """
    system = ds.build("van-der-pol", mu=1.0)
    orbit = periodic_orbit(system)
    found = isochrons(system, orbit, count=20, spacing=0.02)
    assert found.residuals.max() < 1e-8
    assert set(found.ends) == {("phaseless", "region")}
    near = -found.curves[17, 1]
    near = near[np.isfinite(near[:, 0])]
    there = found.curves[7, 1]
    gaps = [np.nanmin(np.linalg.norm(there - y, axis=1)) for y in near]
    assert max(gaps) < 0.02 * np.max(found.high - found.low)
    for curve in (found.curves[7, 1], found.curves[4, 0]):
        points = curve[np.isfinite(curve[:, 0])][::9]
        ts, solver = [0.0, 5 * orbit.period], ds.solve.Dop853(rtol=1e-11, atol=1e-12)
        ends = [np.asarray(ds.trajectory(system, jnp.asarray(y), ts, solver=solver).ys)[-1] for y in points]
        assert np.ptp(ends, axis=0) == pytest.approx([0.0, 0.0], abs=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "given"), [("fitzhugh-nagumo", {}), ("morris-lecar", {"I": 120.0}), ("morris-lecar", {"I": 92.0})]
)
def test_neurons(name: str, given: dict[str, float]):
    """Runs forward from the curves of neurons are on time to 1e-6, also beside the unstable cycle of a bistable one."""
    system = ds.build(name, **given)
    found = isochrons(system, periodic_orbit(system), count=8)
    assert found.successful
    assert found.residuals[:, 1].max() < 1e-8
    assert found.residuals[:, 0].max() < 1e-6
    assert set(found.ends) == {("phaseless", "region")}
    reach = np.nanmax(np.abs(found.curves), axis=(0, 2))[1]
    assert np.any(reach > 0.98 * np.maximum(np.abs(found.low), np.abs(found.high)))


def test_what_is_refused():
    shell = ds.flow(lambda t, y, p: -y, [0.0, 0.0, 0.0])
    with pytest.raises(InputError, match="has 3 variables"):
        isochrons(shell, cycle())
    with pytest.raises(InputError, match="must hold the cycle"):
        isochrons(CLOCK, cycle(), region=Box(jnp.zeros(2), jnp.ones(2)))
    with pytest.raises(InputError, match="`spacing`"):
        isochrons(CLOCK, cycle(), spacing=3.0)
