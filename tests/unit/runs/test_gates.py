"""Gates: numbers against limits."""

import pytest

from moorage.runs.gates import Measured, judge, measure
from moorage.spec.models import Step
from tests.rigs.imaginary import metrics


def _gate(limit):
    return Step.model_validate({"name": "gate", "require": {"train.scores.auc": limit}})


@pytest.mark.parametrize(
    ("limit", "value", "passed"),
    [
        (">= 0.75", 0.75, True),
        (">= 0.75", 0.7499, False),
        ("> 1", 1.0, False),
        ("<=-1e-3", -0.001, True),
        ("< 0", 0.0, False),
        ("== 3", 3.0, True),
        ("!= 3", 3.0, False),
    ],
)
def test_a_limit_is_met_or_not(limit, value, passed):
    (judgement,) = judge(_gate(limit), {"train.scores.auc": Measured(value)})
    assert judgement.passed is passed


def test_what_is_unmeasured_fails_and_says_why():
    (judgement,) = judge(_gate(">= 0.5"), {"train.scores.auc": measure(metrics(loss=1.0), "auc")})
    assert not judgement.passed
    assert judgement.sentence == (
        "train.scores.auc is unmeasured (there is no such metric; it has loss); >= 0.5 was required"
    )


def test_first_pass_lets_an_unmeasured_drift_through():
    gate = Step.model_validate({"name": "gate", "require": {"a.rows.drift": {"is": "<= 0.2", "first": "pass"}}})
    (judgement,) = judge(gate, {"a.rows.drift": Measured(None, "nothing to compare with")})
    assert judgement.passed
