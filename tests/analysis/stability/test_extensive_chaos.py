"""Random networks after Engelken, Wolf and Abbott (2023): extensive chaos, small and at the size of the benchmark."""

import json
import math

import pytest

from benchmarks.extensive_chaos import NETWORKS, ROOT, change, several, verdicts
from benchmarks.lyapunov_table import Row
from tools.lyapunov_tables import extensive, known


def test_benchmark_shows_its_claims() -> None:
    facts = json.loads((ROOT / "benchmarks" / "results" / "extensive_chaos.json").read_text("utf-8"))
    claims = verdicts(facts["rows"])
    assert len(claims) == 5
    assert all(claim["holds"] for claim in claims.values())
    assert facts["networks"] == NETWORKS >= 5
    assert extensive().count("| yes |") == 5


def test_table_agrees_with_every_reference() -> None:
    groups = json.loads((ROOT / "benchmarks" / "results" / "lyapunov_table.json").read_text("utf-8"))
    rows = [Row(**{k: v for k, v in row.items() if k != "within"}) for rows in groups.values() for row in rows]
    assert len(rows) > 35
    for row in rows:
        assert row.within, row
    assert "**no**" not in known()
    assert not rows[0]._replace(value=rows[0].value + 1e-6).within


@pytest.mark.slow
def test_chaos_is_extensive() -> None:
    small, large = (several(n, 4.0, duration=100.0, networks=4) for n in (150, 300))
    error = math.hypot(small["dimension_stderr"], large["dimension_stderr"])
    assert abs(small["dimension"] - large["dimension"]) < 0.2 * large["dimension"] + 2 * error
    assert large["dimension"] < 0.12
    for row in (small, large):
        assert row["mean"] == pytest.approx(math.log(0.9) / 0.1, rel=0.003)


@pytest.mark.slow
def test_coupling_raises_and_lowers_the_dimension_and_input_lowers_it() -> None:
    rows = [several(120, g, duration=80.0, networks=4) for g in (0.8, 12.0, 3000.0)]
    driven = several(120, 12.0, duration=80.0, noise=30.0, networks=4)
    assert change(rows, 0, 1, "dimensions")[1] > 3
    assert change(rows, 2, 1, "dimensions")[1] > 3
    assert change([rows[1], driven], 0, 1, "dimensions")[1] < -3
    assert change([rows[1], driven], 0, 1, "tops")[1] < -3
