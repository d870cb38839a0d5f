"""Judging what is not a job: a gate by its metrics, an approval by what a person said. Pure."""

import operator
from collections.abc import Callable, Mapping, Sequence

from moorage.frozen import Frozen
from moorage.journal import Verdict
from moorage.spec.models import Limit, Step
from moorage.states import Cause, StepState
from moorage.step.request import Artifact

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


class Measured(Frozen):
    """What a metric reference came to; `value` is None when there was nothing to measure, and `note` says why."""

    value: float | None
    note: str = ""


class Judgement(Frozen):
    """Whether one limit is met, in a sentence."""

    passed: bool
    sentence: str


def measure(artifact: Artifact, metric: str) -> Measured:
    """Return the number that `metric` names in `artifact`; drift is measured elsewhere."""
    if metric == "rows" and artifact.rows is not None:
        return Measured(float(artifact.rows))
    value = (artifact.metrics or {}).get(metric)
    if value is None:
        return Measured(None, f"there is no such metric; it has {', '.join(sorted(artifact.metrics or {})) or 'none'}")
    return Measured(float(value))


def judge(step: Step, measured: Mapping[str, Measured]) -> tuple[Judgement, ...]:
    """Return one judgement per limit of the gate, in the order of the spec."""
    return tuple(_judge(name, limit, measured[name]) for name, limit in (step.require or {}).items())


def judged(judgements: Sequence[Judgement]) -> tuple[StepState, Cause | None, str]:
    """Return how a gate ends: failed with what was missed, or succeeded with what was met."""
    missed = [judgement.sentence for judgement in judgements if not judgement.passed]
    if missed:
        return StepState.FAILED, Cause.GATE, "; ".join(missed)
    return StepState.SUCCEEDED, None, "; ".join(judgement.sentence for judgement in judgements)


def settled(verdict: Verdict) -> tuple[StepState, Cause | None, str]:
    """Return how an approval ends, and by whose word."""
    said = f"{verdict.by} (claimed)" if verdict.claimed else verdict.by
    comment = f": {verdict.comment}" if verdict.comment else ""
    if verdict.approved:
        return StepState.SUCCEEDED, None, f"approved by {said}{comment}"
    return StepState.FAILED, Cause.REFUSED, f"refused by {said}{comment}"


def _judge(name: str, limit: Limit, measured: Measured) -> Judgement:
    wanted = limit.is_.strip()
    if measured.value is None:
        passed = limit.first == "pass" and name.endswith(".drift")
        return Judgement(passed, f"{name} is unmeasured ({measured.note}); {wanted} was required")
    sign = next(sign for sign in _OPERATORS if wanted.startswith(sign))
    passed = _OPERATORS[sign](measured.value, float(wanted.removeprefix(sign)))
    note = f" ({measured.note})" if measured.note else ""
    return Judgement(passed, f"{name} is {measured.value:g}{note}; {wanted} was required")
