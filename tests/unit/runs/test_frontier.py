"""The frontier, told of each event, is always what it would be if it were built anew."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from moorage.journal import events
from moorage.journal.record import created, fold
from moorage.runs.frontier import Frontier
from moorage.spec.models import Pipeline
from moorage.states import StepState

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@st.composite
def _graphs(draw):
    size = draw(st.integers(1, 7))
    steps = []
    for number in range(size):
        above = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else []
        kind = draw(st.sampled_from([{"run": "a.b:c"}, {"approval": {}}]))
        steps.append({"name": f"s{number}", "after": [f"s{one}" for one in above], **kind})
    return Pipeline.model_validate({"name": "acme", "steps": steps})


@given(data=st.data(), pipeline=_graphs())
def test_the_frontier_follows_the_record(data, pipeline):
    names = tuple(step.name for step in pipeline.steps)
    record = created(events.RunCreated(at=NOW, run="r", pipeline="acme", environment="local", steps=names))
    frontier = Frontier(pipeline, record)
    changes = st.tuples(st.sampled_from(names), st.sampled_from(StepState))
    for name, state in data.draw(st.lists(changes, max_size=20)):
        before = record.steps[name]
        if before.state is StepState.FAILED:
            record = fold(record, events.StepRetrying(at=NOW, step=name, not_before=NOW))
        elif before.state.is_terminal:
            continue  # an ended step stays ended, until the run is resumed and all is built anew
        else:
            record = fold(record, events.StepEnded(at=NOW, step=name, state=state))
        frontier.touch(before, record.steps[name])
        assert _seen(frontier) == _seen(Frontier(pipeline, record))


def _seen(frontier):
    return (
        sorted(frontier.active),
        sorted(frontier.retrying),
        frontier.unfinished,
        frontier.has_failed,
        [step.name for step in frontier.jobs()],
        sorted(step.name for step in frontier.others()),
    )
