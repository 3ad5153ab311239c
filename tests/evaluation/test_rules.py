"""Thresholds of a card: highest F1, STE by specificity, and few normal ECGs flagged."""

import numpy as np
import pytest

from ecgcore.errors import CannotAssessError
from ecgcore.evaluation import Calibration, CalibrationSet
from ecgcore.evaluation import rules as rules_module
from ecgcore.evaluation.rules import label_rules
from ecgcore.inference.abstain import NORMAL as NORM

N = 200


@pytest.fixture(autouse=True)
def as_it_came(monkeypatch):
    """Probabilities are the sigmoid of the logits: thresholds are then known by hand."""

    def fitted(targets, logits, *, groups):
        assert len(groups) == len(logits)
        each = tuple(Calibration(1.0, 0.0, True, int(np.nansum(column))) for column in targets.T)
        return CalibrationSet(each, "as it came", {}, "")

    monkeypatch.setattr(rules_module, "fit_calibration", fitted)


def rules_of(codes, targets, probabilities):
    y = np.stack(targets, axis=1).astype(np.float32)
    p = np.stack(probabilities, axis=1)
    groups = np.array([str(i) for i in range(len(y))])
    found, _ = label_rules(
        codes, y, np.log(p / (1 - p)), groups, {code: 3.0 + i for i, code in enumerate(codes)}
    )
    return {rule.code: rule for rule in found}


def ladder(n):
    """Return n probabilities, evenly spaced and ascending."""
    return (np.arange(n) + 0.5) / n


# The first half are normal, the last ten have what is looked for.
NORMAL = np.arange(N) < N // 2
HAS = np.arange(N) >= N - 10
SAYS_NORMAL = np.where(NORMAL, 0.8, 0.2)


def test_the_threshold_is_the_highest_f1_where_few_normals_are_flagged():
    found = rules_of((NORM, "AF"), (NORMAL, HAS), (SAYS_NORMAL, ladder(N)))
    # The ten that have it stand highest: the lowest of them is the threshold.
    assert found["AF"].threshold == pytest.approx((N - 10 + 0.5) / N)
    assert found["AF"].false_alarms == 0.0
    assert found["AF"].origin.startswith("highest F1")
    assert found["AF"].positives == 10
    assert (found[NORM].min_leads, found["AF"].min_leads) == (3.0, 4.0)
    # Normal has no false alarm among normals.
    assert found[NORM].threshold == pytest.approx(0.8)
    assert found[NORM].false_alarms is None


def test_a_threshold_is_raised_until_one_normal_in_ten_is_flagged():
    """Those that have it look less like it than the others: F1 alone would flag every normal."""
    probability = np.where(NORMAL, 0.46 + ladder(N) / 2, 0.99)
    probability[HAS] = 0.45
    found = rules_of((NORM, "AF"), (NORMAL, HAS), (SAYS_NORMAL, probability))["AF"]
    # Of a hundred normals the tenth from above is flagged, the eleventh is not.
    normals = np.sort(probability[NORMAL])[::-1]
    assert normals[10] < found.threshold <= normals[9]
    assert found.false_alarms == pytest.approx(0.10)
    assert found.threshold == pytest.approx(normals[10])


def test_a_normal_on_the_threshold_itself_is_flagged():
    """A record is flagged where its score is the threshold or above."""
    probability = np.where(HAS, 0.7, 0.1)
    probability[:5] = 0.7
    found = rules_of((NORM, "AF"), (NORMAL, HAS), (SAYS_NORMAL, probability))["AF"]
    assert found.threshold == pytest.approx(0.7)
    assert found.false_alarms == pytest.approx(0.05)


def test_unknown_is_not_normal():
    """Only what is known to be normal counts: neither what is not, nor what nobody said."""
    normal = np.where(NORMAL, 1.0, 0.0)
    normal[:50] = np.nan
    probability = np.where(HAS, 0.7, 0.1)
    probability[:50] = 0.7
    found = rules_of((NORM, "AF"), (normal, HAS), (SAYS_NORMAL, probability))["AF"]
    assert found.threshold == pytest.approx(0.7)
    assert found.false_alarms == 0.0


def test_where_normal_is_no_statement_nothing_is_raised_and_no_share_is_told():
    found = rules_of(("PAC", "AF"), (np.arange(N) % 2 == 0, HAS), (SAYS_NORMAL, ladder(N)))
    assert [rule.false_alarms for rule in found.values()] == [None, None]
    assert found["AF"].threshold == pytest.approx((N - 10 + 0.5) / N)


def test_where_nobody_is_normal_it_is_normal_that_has_no_threshold():
    with pytest.raises(CannotAssessError, match=f"{NORM} has no positive record"):
        rules_of(("AF", NORM), (HAS, np.zeros(N)), (ladder(N), SAYS_NORMAL))


@pytest.mark.parametrize("code", ["STE", "AF"])
def test_ste_alone_has_the_threshold_of_a_specificity_of_95_percent(code):
    """Two of three that have it stand low: F1 keeps the one that stands highest."""
    has = np.zeros(N, dtype=bool)
    has[[20, 40, N - 1]] = True
    probability = ladder(N)
    found = rules_of(("PAC", code), (NORMAL, has), (SAYS_NORMAL, probability))[code]
    without = probability[~has]
    if code == "STE":
        assert (without < found.threshold).mean() == pytest.approx(0.95, abs=0.006)
        assert (without < found.threshold).mean() >= 0.95
        assert found.origin.startswith("specificity of at least 95%")
    else:
        assert found.threshold == pytest.approx(probability[-1])
        assert found.origin.startswith("highest F1")


def test_each_statement_needs_its_code():
    with pytest.raises(ValueError, match="zip"):
        rules_of(("PAC",), (NORMAL, HAS), (SAYS_NORMAL, ladder(N)))


def test_a_statement_without_a_positive_record_is_named():
    with pytest.raises(CannotAssessError, match="STE has no positive record"):
        rules_of(("PAC", "STE"), (NORMAL, np.zeros(N)), (SAYS_NORMAL, ladder(N)))
