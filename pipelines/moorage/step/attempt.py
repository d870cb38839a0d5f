"""One attempt from its inputs to its result, as the supervisor sees it."""

import time
from collections.abc import Mapping
from contextlib import suppress

from moorage.errors import MoorageError
from moorage.frozen import Frozen
from moorage.states import Cause, State
from moorage.step.code import code_folder
from moorage.step.courier import LARGE_BYTES, Courier
from moorage.step.finish import scrubbed, size_of, store_outputs
from moorage.step.integrity import changed_inputs, watch_inputs
from moorage.step.logs import Lines
from moorage.step.memory import measured
from moorage.step.node import Node
from moorage.step.process import Worker
from moorage.step.request import StepRequest, StepResult
from moorage.step.scratch import Scratch, fetch_inputs, make_scratch, task_outputs
from moorage.step.scrub import SHORTEST, Scrubber
from moorage.step.task import Answer, Failure, StepFailure, Task, to_line
from moorage.step.usage import out_of_memory_kills
from moorage.step.verdict import verdict
from moorage.step.watch import Ending, Signals, Watch
from moorage.step.worker import environment_of
from moorage.store import Store


class Attempt(Frozen):
    """One attempt of one step, claimed: what it works with, where, and until when (monotonic seconds)."""

    store: Store
    request: StepRequest
    environ: Mapping[str, str]
    nonce: str
    scratch: Scratch
    worker: Worker
    courier: Courier
    signals: Signals
    deadline: float
    node: Node = Node()

    def run(self) -> StepResult:
        """Return how it ended, without times and usage; outputs are in the store, the scratch folder is left."""
        scrubber = Scrubber(self._secrets())
        lines = Lines(scrubber, label=self.node.label)
        try:
            result = self._work(self.scratch, lines)
        except StepFailure as error:
            result = failed(error.failure, Answer(checks=error.checks))
        except MoorageError as error:
            result = failed(Failure(Cause.PLATFORM, error.problems[0].message))
        except OSError as error:
            result = failed(Failure(Cause.PLATFORM, f"the job's machine failed: {error}"))
        self.courier.add(lines.finish(time.time()))
        return scrubbed(result, scrubber)

    def _work(self, scratch: Scratch, lines: Lines) -> StepResult:
        make_scratch(scratch)
        task = self._task(scratch)
        watched = watch_inputs(self.store, task.inputs)
        kills = out_of_memory_kills()
        self._tell(task)
        ending = Watch(self.worker, lines, self.courier, self.signals, self.deadline).until_ended()
        for item in changed_inputs(watched):
            seen = f"input {item.name!r} ({item.digest}) was changed while the step ran"
            raise StepFailure(Cause.CORRUPT, f"{seen}; inputs are read-only: write to a copy")
        answer = verdict(ending, self.request.timeout_seconds, lambda: out_of_memory_kills() > kills)
        answer = measured(answer, ending.status, self.request.memory_gib, self.request.nodes)
        return self._result(scratch, answer, ending)

    def _task(self, scratch: Scratch) -> Task:
        request = self.request
        self._require_secrets()
        if sum(item.artifact.size for item in request.inputs) > LARGE_BYTES:
            self.courier.begin()
        code = code_folder(self.store, request.code, self.environ) if request.code else None
        told = {"MOORAGE_RUN": request.run, "MOORAGE_STEP_NAME": request.step, "MOORAGE_ATTEMPT": str(request.attempt)}
        return Task(
            scratch=str(scratch.root),
            code=None if code is None else str(code),
            function=request.function,
            command=request.command,
            bento=request.bento,
            parameters=request.parameters,
            inputs=fetch_inputs(self.store, request, scratch),
            outputs=task_outputs(self.store, request, scratch),
            environment=environment_of(told, self.environ),
            leaves_outputs=self.node.is_first,
        )

    def _tell(self, task: Task) -> None:
        if self.signals.is_stopping:
            return  # it never starts
        with suppress(BrokenPipeError), open(self.worker.orders, "wb") as pipe:  # broken: its ending says why
            pipe.write(to_line(task))

    def _result(self, scratch: Scratch, answer: Answer, ending: Ending) -> StepResult:
        if answer.failure is not None:
            return failed(answer.failure, answer)
        if size_of(answer.outputs) > LARGE_BYTES:
            self.courier.begin()
        return StepResult(
            State.SUCCEEDED,
            outputs=store_outputs(self.store, scratch, answer.outputs),
            quarantined=store_outputs(self.store, scratch, answer.quarantined),
            checks=answer.checks,
            warnings=answer.warnings + self._warnings(ending),
        )

    def _secrets(self) -> dict[str, str]:
        return {name: self.environ[name] for name in self.request.secrets if name in self.environ}

    def _require_secrets(self) -> None:
        for name, reference in self.request.secrets.items():
            if name not in self.environ:
                seen = f"the secret {reference!r} did not reach the job as {name}"
                raise StepFailure(Cause.SETUP, f"{seen}; make it in the environment that the run uses")

    def _warnings(self, ending: Ending) -> tuple[str, ...]:
        short = [name for name, value in self._secrets().items() if len(value) < SHORTEST]
        warnings = [f"secret {name} has under {SHORTEST} characters, too few to take it out of logs" for name in short]
        if ending.left:
            warnings.append(f"the step left {ending.left} process{'es' * (ending.left > 1)} running; they were killed")
        return tuple(warnings)


def failed(failure: Failure, answer: Answer = Answer()) -> StepResult:  # noqa: B008 - it is frozen
    """Return the result of an attempt that did not succeed."""
    return StepResult(
        State.CANCELLED if failure.cause is Cause.CANCELLED else State.FAILED,
        cause=failure.cause,
        message=failure.message,
        detail=failure.detail,
        checks=answer.checks,
        warnings=answer.warnings,
    )
