"""The only loop: decide, record the intent, act, observe, record what came of it.

A driver may die at any instruction. The next one reads the journal, asks the platform about
what was intended, adopts it, and goes on.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from moorage.errors import PlatformError
from moorage.frozen import Frozen, replaced
from moorage.journal import Event, Journal, RunRecord, StepRecord, events
from moorage.plan.keys import key_parts, step_key
from moorage.plan.names import job_name
from moorage.plan.resolved import Resolved
from moorage.ports import Handle
from moorage.runs import decide as decisions
from moorage.runs.attempts import Attempts
from moorage.runs.cache import CacheEntry, look_up, remember
from moorage.runs.commands import read_commands
from moorage.runs.frontier import Frontier
from moorage.runs.gates import judge, judged, settled
from moorage.runs.place import Place, host_name
from moorage.runs.register import register_bento
from moorage.runs.retries import next_attempt_at
from moorage.runs.summary import write_summary
from moorage.spec.models import Step
from moorage.states import Cause, RunState, State, StepState
from moorage.step.request import Artifact, StepResult

Watch = Callable[[RunRecord, Event], None]
"""Called with each event and the run as it stands after it."""

Clock = Callable[[], datetime]
"""Tells the time, in UTC."""

BEAT = timedelta(seconds=15)
"""How often a driver says that it lives; after four of these it is taken for dead."""

_STOPPED = "the job was stopped from outside"
_FLUSH_WITHIN = timedelta(seconds=0.5)
_REST_SECONDS = 3.0  # who is told to end must hear it: clusters kill after ten seconds
_UTC_NOW = partial(datetime.now, UTC)


class _Begun(Frozen):
    step: Step
    attempt: int
    inputs: dict[str, Artifact]
    key: str


class Driver:
    """Drives one run until it ends, or until somebody asks it to leave."""

    def __init__(
        self, place: Place, resolved: Resolved, journal: Journal, name: str, watch: Watch, clock: Clock = _UTC_NOW
    ) -> None:
        self._place, self._resolved, self._journal, self._name, self._watch = place, resolved, journal, name, watch
        self._clock = clock
        self._pipeline = resolved.pipeline
        self._frontier = Frontier(self._pipeline, journal.record)
        self._attempts = Attempts(place, resolved, journal.record.id)
        self._capacity = place.adapter.capacity(place.target)
        self._next_entries: dict[str, int] = {}
        self._leaves = False
        self._now, self._ahead = journal.latest, timedelta(0)
        self._beat_at = self._listen_at = datetime.min.replace(tzinfo=UTC)
        self._flush_at: datetime | None = None

    @property
    def record(self) -> RunRecord:
        """The run as it stands."""
        return self._journal.record

    def leave(self) -> None:
        """Ask the driver to stop; what runs goes on, nothing new starts. Safe to call from a signal handler."""
        self._leaves = True

    def drive(self) -> RunRecord:
        """Drive the run; return how it stands at the end. LostRun when another took it, PlatformError when cut off."""
        self._note(events.DriverStarted(at=self._tick(), driver=self._name, host=host_name(), pid=os.getpid()))
        self._flush()
        try:
            self._submit(self._unanswered())
            while not self._leaves and self.record.finished is None:
                self._turn()
        except PlatformError:
            if self._attempts.is_cut_off:  # the store is there to tell that nobody drives any more
                self._stop()
            raise
        self._stop()
        return self.record

    def _stop(self) -> None:
        if self.record.finished is None:
            self._note(events.DriverLeft(at=self._tick(), driver=self._name))
        self._flush()
        write_summary(self._place.store, self.record, self._clock())

    def _turn(self) -> None:
        self._beat()
        self._listen()
        if self.record.state is not RunState.CANCELLING:  # an earlier driver may have stopped what then has failed
            self._observe()
        while not self._leaves and self._act():
            pass
        if self.record.finished is None and not self._leaves:
            self._rest()

    def _tick(self) -> datetime:
        # A clock may be set back, or be behind that of the driver before; time goes on from what was noted last.
        seen = self._clock() + self._ahead
        self._ahead += max(self._now - seen, timedelta(0))
        self._now = max(self._now, seen)
        return self._now

    def _note(self, event: Event) -> None:
        before = self.record
        self._journal.note(event)
        if isinstance(event, events.StepEvent):
            self._frontier.touch(before.steps[event.step], self.record.steps[event.step])
        self._flush_at = self._flush_at or self._now + _FLUSH_WITHIN
        self._watch(self.record, event)

    def _flush(self) -> None:
        self._journal.flush()
        self._flush_at = None

    def _beat(self) -> None:
        if self._tick() >= self._beat_at:
            write_summary(self._place.store, self.record, self._clock())  # not our time: others compare with theirs
            self._beat_at = self._now + BEAT

    def _listen(self) -> None:
        if self._tick() >= self._listen_at:
            self._listen_at = self._now + self._place.poll
            for command in read_commands(self._place.store, self.record, self._pipeline):
                self._note(command.folded(self._tick()))

    def _rest(self) -> None:
        due = decisions.next_time(self._pipeline, self.record, self._frontier)
        until = min(time for time in (self._beat_at, self._listen_at, self._flush_at, due) if time is not None)
        seconds = min(max((until - self._tick()).total_seconds(), 0.0), _REST_SECONDS)
        self._place.connection.wait(self._attempts.handles(self._active()), seconds)
        if self._flush_at and self._tick() >= self._flush_at:
            self._flush()

    def _act(self) -> bool:
        # True while something was done that may allow more.
        actions = decisions.decide(self._pipeline, self.record, self._frontier, self._tick(), self._capacity)
        begun: list[_Begun] = []
        for action in actions:
            if isinstance(action, decisions.Start):
                begun += self._start(self._pipeline.step(action.step))
            else:
                self._do(action)
        self._submit(begun)
        return bool(actions) and self.record.finished is None

    def _do(self, action: decisions.Action) -> None:
        match action:
            case decisions.Judge(name):
                self._judge(self._pipeline.step(name))
            case decisions.Ask(name):
                approval = self._pipeline.step(name).approval
                self._note(events.ApprovalAsked(at=self._tick(), step=name, by=approval.by if approval else ()))
            case decisions.Settle(name, verdict):
                self._end(name, *settled(verdict))
            case decisions.Skip(name, state, because):
                self._end(name, state, None, because)
            case decisions.Late(name, because):
                self._overrun(self.record.steps[name], because)
            case decisions.Stop(name):
                self._cancel(self.record.steps[name])
            case decisions.End(state):
                self._note(events.RunEnded(at=self._tick(), state=state))

    def _start(self, step: Step) -> list[_Begun]:
        stands = self.record.steps[step.name]
        inputs = self._inputs(step, stands)
        parts = key_parts(step, self._resolved, inputs)
        key = step_key(parts)
        if hit := self._cached(step, stands, key):
            self._note(
                events.StepCached(
                    at=self._tick(), step=step.name, key=key, parts=parts,
                    outputs=hit.outputs, source_run=hit.run, source_attempt=hit.attempt,
                )
            )  # fmt: skip
            return []
        number = stands.attempts[-1].number + 1 if stands.attempts else 1
        name = job_name(self.record.id, step.name, number)
        self._note(
            events.AttemptIntended(at=self._tick(), step=step.name, attempt=number, job=name, key=key, parts=parts)
        )
        return [_Begun(step, number, inputs, key)]

    def _cached(self, step: Step, stands: StepRecord, key: str) -> CacheEntry | None:
        # A step that failed is never answered from the cache: what it had was not a success.
        if not step.cache or stands.attempts:
            return None
        found = look_up(self._place.store, key)
        self._next_entries[step.name] = found.next_number
        return found.entry

    def _inputs(self, step: Step, stands: StepRecord) -> dict[str, Artifact]:
        found: dict[str, Artifact] = {}
        for name, item in step.inputs.items():
            if item.source:
                found[name] = self.record.steps[item.source[0]].outputs[item.source[1]]
            elif name in stands.inputs:
                found[name] = stands.inputs[name]
        return found

    def _active(self) -> list[StepRecord]:
        return [self.record.steps[name] for name in self._frontier.active]

    def _unanswered(self) -> list[_Begun]:
        # Intended by a driver that died before it heard from the platform: the same key adopts the job.
        begun = []
        for stands in self._active():
            if stands.attempts[-1].handle is None:
                step = self._pipeline.step(stands.name)
                begun.append(_Begun(step, stands.attempts[-1].number, self._inputs(step, stands), stands.key or ""))
        return begun

    def _submit(self, begun: list[_Begun]) -> None:
        if not begun:
            return
        _ = self._place.connection  # what cannot be reached ends the driver before anything was intended
        self._flush()
        for one in begun:
            submitted = self._attempts.submit(one.step, one.attempt, one.inputs, one.key)
            if isinstance(submitted, Handle):
                self._note(
                    events.AttemptSubmitted(
                        at=self._tick(), step=one.step.name, attempt=one.attempt, handle=dict(submitted.data)
                    )
                )
            else:
                self._conclude(self.record.steps[one.step.name], submitted)

    def _observe(self) -> None:
        for name, seen in self._attempts.observe(self._active(), self._tick()):
            stands = self.record.steps[name]
            if isinstance(seen, StepResult):
                self._conclude(stands, seen)
            else:
                number = stands.attempts[-1].number
                self._note(
                    events.AttemptObserved(
                        at=self._tick(), step=name, attempt=number, state=seen.state, raw=seen.raw, reason=seen.reason
                    )
                )

    def _overrun(self, stands: StepRecord, because: str) -> None:
        result = self._attempts.close(stands, Cause.TIMED_OUT, because)
        self._attempts.cancel(stands)
        self._conclude(stands, result)

    def _cancel(self, stands: StepRecord) -> None:
        self._attempts.cancel(stands)
        self._conclude(stands, self._attempts.close(stands, Cause.CANCELLED, "the run was cancelled"), asked=True)

    def _conclude(self, stands: StepRecord, result: StepResult, asked: bool = False) -> None:
        if result.cause is Cause.CANCELLED and not asked:
            # From inside a job, a machine that is taken away looks like being cancelled.
            result = replaced(result, state=State.FAILED, cause=Cause.INTERRUPTED, message=_STOPPED)
        step = self._pipeline.step(stands.name)
        number = stands.attempts[-1].number
        failed = tuple(check for check in result.checks if check.failed)
        self._note(
            events.AttemptFinished(
                at=self._tick(), step=step.name, attempt=number, state=result.state, cause=result.cause,
                message=result.message, outputs=result.outputs,
                quarantined=result.quarantined, checks=failed, warnings=result.warnings,
            )
        )  # fmt: skip
        if result.state is State.SUCCEEDED:
            self._succeeded(step, number, result)
        elif at := next_attempt_at(step, self.record, result, self._now):
            self._note(events.StepRetrying(at=self._now, step=step.name, not_before=at))

    def _succeeded(self, step: Step, number: int, result: StepResult) -> None:
        register_bento(self._place.store, self._resolved, self.record, step, number)
        if step.cache:
            at = self._next_entries.get(step.name, 0)
            remember(self._place.store, self.record, step.name, result.outputs, at)

    def _judge(self, step: Step) -> None:
        from moorage.runs.measures import measure_gate  # here: few runs have a gate, and drift loads much

        measured = measure_gate(self._place.store, self._pipeline, self.record, step)
        self._end(step.name, *judged(judge(step, measured)))

    def _end(self, name: str, state: StepState, cause: Cause | None, message: str | None) -> None:
        self._note(events.StepEnded(at=self._tick(), step=name, state=state, cause=cause, message=message))
