"""Exponents of the literature: ours agree with each, or the table says why not."""

import math

import pytest

import dynascope as ds
from dynascope import models
from tools.certificate_tables import in_the_literature, literature
from tools.published import Compared, compared, published

ROWS = compared()


@pytest.mark.parametrize("each", ROWS, ids=lambda each: each.row.key)
def test_ours_agree_or_the_difference_is_explained(each: Compared) -> None:
    assert each.agrees != bool(each.row.explanation), f"{each.row.exponents} and {each.exponents} +- {each.stderr}"


def test_there_are_many_and_most_agree() -> None:
    assert len(ROWS) >= 40
    assert sum(each.agrees for each in ROWS) >= 0.95 * len(ROWS)
    assert sum(len(each.row.exponents) for each in ROWS) > 80


@pytest.mark.parametrize("row", published(), ids=lambda row: row.key)
def test_rows_name_a_system_and_a_source(row) -> None:
    assert row.name in models.names()
    assert models.build(row.name, **row.parameters)
    assert row.seen in ("source", "quoted", "no")
    assert any(c.isdigit() for c in row.source) or "Documentation" in row.source or "sites" in row.source
    assert row.exponents == sorted(row.exponents, reverse=True)
    assert all(error > 0 for error in row.error)


def test_a_wrong_figure_would_be_seen() -> None:
    """The error of most rows is a few percent of the largest exponent at most."""
    share = [math.hypot(c.row.error[0], c.stderr[0]) / abs(c.row.exponents[0]) for c in ROWS]
    assert sorted(share)[len(share) // 2] < 0.015
    assert max(share) < 0.1


@pytest.mark.parametrize("name", ["lozi", "ikeda-map", "folded-towel"])
def test_ours_come_out_again(name: str) -> None:
    (each,) = [c for c in ROWS if c.row.key == name]
    found = ds.lyapunov_spectrum(models.build(name), duration=100_000)
    for mine, error, again, again_error in zip(each.exponents, each.stderr, found.exponents, found.stderr, strict=True):
        assert abs(mine - again) < 4 * math.hypot(error, again_error)


def test_tables_for_the_docs() -> None:
    lines = in_the_literature().splitlines()
    assert len(lines) == 2 + len(ROWS)
    assert all(line.count("|") == lines[0].count("|") for line in lines)
    assert str(len(ROWS)) in literature()
