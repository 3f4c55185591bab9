import json

import pytest

from dynascope._errors import InputError
from dynascope.analysis._verdict import Evidence, Verdict


def test_json_holds_no_infinities():
    verdict = Verdict("chaos", 0.8, (Evidence("exponent", float("nan"), float("inf"), "None."),), ("noisy",))
    assert json.loads(json.dumps(verdict.to_json(), allow_nan=False))["evidence"][0]["value"] is None


@pytest.mark.parametrize(("regime", "confidence", "words"), [("caos", 0.5, "limit cycle"), ("chaos", 1.5, "between")])
def test_bad_verdicts(regime, confidence, words):
    with pytest.raises(InputError, match=words):
        Verdict(regime, confidence)
