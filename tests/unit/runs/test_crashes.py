"""Runs whose drivers die at any call, are taken over, cancelled and answered, against a model of how runs end."""

import itertools
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from moorage.errors import SpecError
from moorage.journal import LostRun, events, read_events, read_record
from moorage.runs.commands import send
from moorage.spec.models import Pipeline, Step
from moorage.states import Cause, RunState, StepState
from tests.rigs.fuse import Died, fused
from tests.rigs.imaginary import Outcome, failure
from tests.rigs.stage import Stage


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Return a small graph of jobs, some of which may be tried again, and approvals."""
    steps = []
    for number in range(draw(st.integers(1, 6))):
        above = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=2)) if number else []
        kind = draw(st.sampled_from(["job", "job", "job", "approval"]))
        body = {"approval": {}} if kind == "approval" else {"run": "acme.steps:work", "parameters": {"who": number}}
        if kind == "job":
            body |= {"retries": {"limit": draw(st.integers(0, 2)), "backoff": "1s"}}
        steps.append({"name": f"s{number}", "after": [f"s{one}" for one in above], **body})
    return Pipeline.model_validate({"name": "acme", "steps": steps})


class Runs(RuleBasedStateMachine):
    """Drivers come and go; what the journal says must be what one patient driver would have come to."""

    @initialize(
        pipeline=pipelines(),
        failures=st.lists(
            st.tuples(st.integers(0, 5), st.integers(1, 3), st.sampled_from([Cause.USER, Cause.CONTRACT])), max_size=5
        ),
        cpu=st.sampled_from([None, 1.0, 2.0]),
    )
    def begin(self, pipeline: Pipeline, failures: list[tuple[int, int, Cause]], cpu: float | None) -> None:
        """Make the run."""
        self.script = {(f"s{step}", attempt): failure(cause) for step, attempt, cause in failures}
        self.stage = Stage(Path(tempfile.gettempdir()), self.script, cpu)
        self.pipeline = pipeline
        self.run_id = self.stage.make(pipeline)
        self.cancelled, self.drivers = False, 0

    @rule(calls=st.integers(1, 60), after=st.booleans())
    def a_driver_dies(self, calls: int, after: bool) -> None:
        """Drive until a call at which the process is killed."""
        with suppress(Died):
            self._drive(place=fused(self.stage.place, calls, after))

    @rule(turns=st.integers(0, 10))
    def a_driver_leaves(self, turns: int) -> None:
        """Drive for a few turns."""
        self._drive(turns=turns)

    @rule(turns=st.integers(1, 5), calls=st.integers(1, 40), after=st.booleans())
    def two_drivers_meet(self, turns: int, calls: int, after: bool) -> None:
        """Let a second driver take the run while a first one waits, and perhaps die."""

        def take_it() -> None:
            self.stage.platform.on_wait = lambda: None
            with suppress(Died):
                self._drive(turns=turns, place=fused(self.stage.place, calls, after))

        with suppress(LostRun):
            self._drive(turns=turns, on_first_wait=take_it)

    @rule(step=st.integers(0, 5), yes=st.booleans())
    def somebody_answers(self, step: int, yes: bool) -> None:
        """Approve or reject an approval that was asked for."""
        record = read_record(self.stage.store, self.run_id)
        stands = record.steps.get(f"s{step}")
        if stands and stands.asked and not stands.verdict:
            self._send("approve" if yes else "reject", stands.name)

    @precondition(lambda self: not self.cancelled)
    @rule(really=st.sampled_from([False, False, False, True]))
    def somebody_cancels(self, really: bool) -> None:
        """Cancel the run."""
        if really:
            self.cancelled = self._send("cancel", None)

    @invariant()
    def no_attempt_ends_twice_and_no_success_runs_again(self) -> None:
        """Hold what must hold at any time."""
        if not hasattr(self, "run_id"):
            return
        seen = list(read_events(self.stage.store, self.run_id))
        ends = Counter((event.step, event.attempt) for event in seen if isinstance(event, events.AttemptFinished))
        begins = Counter((event.step, event.attempt) for event in seen if isinstance(event, events.AttemptIntended))
        assert max(ends.values(), default=1) == 1
        assert max(begins.values(), default=1) == 1
        done: set[str] = set()
        for event in seen:
            if isinstance(event, events.AttemptIntended):
                assert event.step not in done
            if isinstance(event, events.AttemptFinished) and event.state == "succeeded":
                done.add(event.step)

    def teardown(self) -> None:
        """Let one patient driver finish, and compare with the model."""
        if not hasattr(self, "run_id"):
            return
        for _ in range(20):
            record = read_record(self.stage.store, self.run_id)
            if record.state.is_terminal:
                break
            for name, stands in record.steps.items():
                if stands.asked and not stands.verdict:
                    self._send("approve", name)
            self._drive(turns=200)
        self._compare()

    def _compare(self) -> None:
        record = read_record(self.stage.store, self.run_id)
        assert record.state.is_terminal
        assert all(step.state.is_terminal for step in record.steps.values())
        if record.state is RunState.CANCELLED:
            assert self.cancelled
            return
        verdicts = {name: bool(step.verdict and step.verdict.approved) for name, step in record.steps.items()}
        wanted = _model(self.pipeline, self.script, verdicts)
        assert {name: (step.state, len(step.attempts)) for name, step in record.steps.items()} == wanted
        jobs = Counter((job.request.owner.step, job.request.owner.attempt) for job in self.stage.platform.jobs.values())
        assert max(jobs.values(), default=1) == 1
        assert len(jobs) == sum(count for _, count in wanted.values())

    def _drive(self, *, turns: int = 50, place=None, on_first_wait=None) -> None:
        self.drivers += 1
        driver = self.stage.driver(self.run_id, f"d{self.drivers}", place)
        turn = itertools.count()

        def on_wait() -> None:
            number = next(turn)
            if number == 0 and on_first_wait is not None:
                on_first_wait()
                self.stage.platform.on_wait = on_wait
            if number >= turns:
                driver.leave()

        self.stage.platform.on_wait = on_wait
        if read_record(self.stage.store, self.run_id).state.is_terminal:
            return
        driver.drive()

    def _send(self, kind, step) -> bool:
        record = read_record(self.stage.store, self.run_id)
        try:
            send(self.stage.store, record, self.pipeline, kind, step=step, by="ann")
        except SpecError:
            return False
        return True


def _model(pipeline, script, verdicts):
    ended: dict[str, tuple[StepState, int]] = {}
    for step in pipeline.steps:
        if any(not ended[name][0].has_outputs for name in step.dependencies):
            ended[step.name] = (StepState.SKIPPED, 0)
        elif step.approval:
            ended[step.name] = (StepState.SUCCEEDED if verdicts[step.name] else StepState.FAILED, 0)
        else:
            ended[step.name] = _attempts(step, script)
    return ended


def _attempts(step: Step, script: dict[tuple[str, int], Outcome]) -> tuple[StepState, int]:
    for number in range(1, step.retries.limit + 2):
        outcome = script.get((step.name, number))
        if outcome is None:
            return StepState.SUCCEEDED, number
        if outcome.result and outcome.result.cause is Cause.CONTRACT:
            return StepState.FAILED, number
    return StepState.FAILED, step.retries.limit + 1


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=12)
