from collections import Counter

import pytest

from dynascope.analysis.regime import regime_of
from tests.analysis.regime.battery import BATTERY, Case

CASES = [pytest.param(case, id=case.name, marks=() if case.quick else pytest.mark.slow) for case in BATTERY]


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_what_is_known(case: Case) -> None:
    found = regime_of(case.system(), inputs=None if case.inputs is None else case.inputs())
    assert found.verdict.regime in case.regimes, f"{case.why}; {found.verdict.summary()}"
    assert set(case.attributes) <= set(found.verdict.attributes)
    if case.attractors is not None:
        assert Counter(a.verdict.regime for a in found.attractors) == case.attractors


def test_names_are_unique() -> None:
    assert len({case.name for case in BATTERY}) == len(BATTERY)


def test_all_first_models_are_there_on_both_sides() -> None:
    families = Counter(case.name.split()[0] for case in BATTERY)
    expected = (
        "lorenz roessler henon logistic van-der-pol fitzhugh-nagumo hodgkin-huxley lif izhikevich ornstein-uhlenbeck "
        "mackey-glass graded-hopfield kuramoto rate-network rnn gru lstm"
    )
    assert all(families[name] >= 2 for name in expected.split())
    assert families["hopfield"] == 1  # every start ends at rest, whatever the weights
