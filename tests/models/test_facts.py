"""Certificates: what they promise holds for every row, and their numbers come out again."""

import math

import numpy as np
import pytest

import dynascope as ds
from dynascope import InputError, models
from dynascope.models import Certificate

ROWS = [row for name in models.names() if (row := models.certificate(name)) is not None]
CERTIFIED = [row for row in ROWS if not row.undecided]


def named(row: Certificate) -> str:
    return row.name


def test_unknown_system_has_no_certificate() -> None:
    with pytest.raises(InputError, match="no system named `lorentz`"):
        models.certificate("lorentz")


@pytest.mark.parametrize("row", CERTIFIED, ids=named)
def test_certified_rows_pass_their_checks(row: Certificate) -> None:
    assert row.sum_error is None or row.sum_error < 1e-6
    assert row.orbits <= 3
    assert row.integrators is None or row.integrators <= 3
    known = [(x, e) for x, e in zip(row.exponents, row.stderr, strict=True) if x is not None and e is not None]
    values = [x for x, _ in known]
    assert values == sorted(values, reverse=True)
    if row.regime in ("chaos", "hyperchaos"):
        (top, error), *rest = known
        assert top > 0
        assert error <= 0.02 * top
        positive = 1 + sum(x > 3 * e for x, e in rest)
        assert positive >= (2 if row.regime == "hyperchaos" else 1)
    if row.divergence is not None:
        error = math.hypot(*(e for _, e in known)) + 1e-6 * max(abs(x) for x in values)
        assert abs(sum(values) - row.divergence) < error


@pytest.mark.parametrize("row", CERTIFIED, ids=named)
def test_dimension_fits_the_regime(row: Certificate) -> None:
    (entry,) = [e for e in models.catalogue() if e["name"] == row.name]
    if row.kaplan_yorke is None:
        return
    if entry["kind"] != "delay flow":
        assert row.kaplan_yorke <= entry["dimension"] + 1e-9
    if row.regime == "chaos" and entry["kind"] == "flow":
        assert row.kaplan_yorke > 2


def test_certificate_becomes_facts() -> None:
    row, facts = models.certificate("roessler"), models.facts("roessler")
    assert row is not None
    assert facts["lyapunov_spectrum"].value == row.exponents
    assert facts["lyapunov_spectrum"].agrees(row.exponents)
    assert facts["lyapunov_exponents"].agrees(row.exponents), "the published spectrum"
    assert facts["kaplan_yorke_dimension"].value == row.kaplan_yorke


@pytest.mark.parametrize("name", ["lorenz", "roessler", "henon"])
def test_certificate_comes_out_again(name: str) -> None:
    row = models.certificate(name)
    assert row is not None
    again = ds.lyapunov_spectrum(ds.build(name), rtol=0.02)
    error = np.hypot(again.stderr, np.array(row.stderr, float))
    assert np.all(np.abs(again.exponents - np.array(row.exponents, float)) <= 4 * error + 1e-6)
    assert ds.build(name).initial_state().shape == np.shape(row.start)
