"""What a spec means as a whole: names, references, order, and which fields go with which kind of step.

Pure, and complete: everything that is wrong is found at once.
"""

import keyword
from collections import Counter
from collections.abc import Iterator

from moorage.errors import SpecError
from moorage.spec.finding import Finding, Path, did_you_mean
from moorage.spec.models import Input, Kind, OnBreach, Output, Pipeline, Step, StepKind
from moorage.spec.waiting import cycle

_JOB_FIELDS = ("resources", "retries", "timeout", "secrets", "image", "cache", "start")
_FORBIDDEN: dict[StepKind, tuple[str, ...]] = {
    StepKind.FUNCTION: (),
    StepKind.COMMAND: (),
    StepKind.BENTO: ("parameters", "outputs"),
    StepKind.GATE: ("parameters", "inputs", "outputs", *_JOB_FIELDS),
    StepKind.APPROVAL: ("parameters", "inputs", "outputs", *_JOB_FIELDS),
}
_TABLE_METRICS = ("drift", "rows")


def check(pipeline: Pipeline) -> tuple[Finding, ...]:
    """Return everything that is wrong with `pipeline` beyond the shape of its fields."""
    found = list(_names(pipeline))
    for index, step in enumerate(pipeline.steps):
        found += _Step(pipeline, step, ("steps", index)).findings()
    found += _unawaited(pipeline)
    if not found and (loop := cycle(pipeline.needs)):
        index = next(i for i, step in enumerate(pipeline.steps) if step.name == loop[0])
        message = f"steps wait for each other: {' -> '.join(loop)}"
        found.append(Finding(("steps", index), message, "take one of these inputs, `after` or `require` away"))
    return tuple(found)


def validate(pipeline: Pipeline) -> None:
    """Raise SpecError with everything that is wrong with a pipeline that was built in Python."""
    if found := check(pipeline):
        raise SpecError.of(finding.problem() for finding in found)


def _names(pipeline: Pipeline) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, step in enumerate(pipeline.steps):
        if step.name in seen:
            path = ("steps", index, "name")
            yield Finding(path, f"a second step is named {step.name!r}", "give each step a name of its own")
        seen.add(step.name)


def _unawaited(pipeline: Pipeline) -> Iterator[Finding]:
    awaited = {name for step in pipeline.steps for name in step.dependencies}
    for index, step in enumerate(pipeline.steps):
        if not step.is_job and step.name not in awaited:
            what = "gate" if step.kind is StepKind.GATE else "approval"
            message = f"nothing waits for {what} {step.name!r}, so it would hold nothing back"
            yield Finding(("steps", index), message, f"add `after: [{step.name}]` to what it guards")


class _Step:
    """The findings of one step."""

    def __init__(self, pipeline: Pipeline, step: Step, path: Path) -> None:
        self.pipeline, self.step, self.path = pipeline, step, path
        self.words = f"step {step.name!r}"

    def findings(self) -> Iterator[Finding]:
        yield from self._fields()
        yield from self._argument_names()
        yield from self._after()
        for name, item in self.step.inputs.items():
            yield from self._input(name, item)
        for name, output in self.step.outputs.items():
            yield from self._output(name, output)
        yield from self._gate()
        if self.step.bento:
            yield from self._bento()

    def _at(self, *path: str | int) -> Path:
        return (*self.path, *path)

    def _fields(self) -> Iterator[Finding]:
        kind = self.step.kind
        for name in _FORBIDDEN[kind]:
            default = type(self.step).model_fields[name].default
            if name in self.step.model_fields_set and getattr(self.step, name) != default:
                message = f"{self.words} is a `{kind.value}` step, for which `{name}` means nothing"
                yield Finding(self._at(name), message, f"remove `{name}`", at_key=True)

    def _argument_names(self) -> Iterator[Finding]:
        step = self.step
        groups = {"inputs": step.inputs, "outputs": step.outputs, "parameters": step.parameters}
        given = [*step.inputs, *step.outputs, *step.parameters]
        if len(set(given)) == len(given) and not any(map(keyword.iskeyword, given)):
            return
        counts = Counter(given)
        for group, names in groups.items():
            for name in names:
                path = self._at(group, name)
                if counts[name] > 1:
                    message = f"{name!r} is more than one of the inputs, outputs and parameters of {self.words}"
                    yield Finding(path, message, "give each a name of its own", at_key=True)
                if keyword.iskeyword(name):
                    message = f"{name!r} in `{group}` of {self.words} is a word of Python's own"
                    yield Finding(path, message, f"rename it, say to `{name}_`", at_key=True)

    def _after(self) -> Iterator[Finding]:
        for index, name in enumerate(self.step.after):
            path = self._at("after", index)
            if name == self.step.name:
                yield Finding(path, f"{self.words} waits for itself", "remove it from `after`")
            elif name not in self.pipeline.by_name:
                yield self._no_step(path, name)

    def _input(self, name: str, item: Input) -> Iterator[Finding]:
        path, subject = self._at("inputs", name), f"input {name!r} of {self.words}"
        if item.source is None:
            yield from self._outside(path, subject, item)
            return
        for field in ("uri", "kind"):
            if getattr(item, field) is not None:
                message = f"{subject} has both `from` and `{field}`"
                yield Finding((*path, field), message, f"remove `{field}`: the other step says it", at_key=True)
        source = self._source(path, *item.source)
        if isinstance(source, Finding):
            yield source
        elif item.contract and source.kind is not Kind.TABLE:
            yield self._no_contract((*path, "contract"), subject, source.kind)

    def _outside(self, path: Path, subject: str, item: Input) -> Iterator[Finding]:
        if "uri" not in item.model_fields_set:
            yield Finding(path, f"{subject} comes from nowhere", "give it `from: step.output`, or `uri` and `kind`")
        elif item.kind is None:
            yield Finding(path, f"{subject} comes from outside and has no `kind`", "add `kind: table`, or what it is")
        elif item.kind is Kind.BENTO:
            yield Finding((*path, "kind"), f"{subject} is a bento from outside", "make it with a `bento:` step")
        elif item.contract and item.kind is not Kind.TABLE:
            yield self._no_contract((*path, "contract"), subject, item.kind)

    def _output(self, name: str, output: Output) -> Iterator[Finding]:
        path, subject = self._at("outputs", name), f"output {name!r} of {self.words}"
        if output.kind is Kind.BENTO:
            yield Finding((*path, "kind"), f"{subject} is a bento", "make it with a `bento:` step")
        if output.contract and output.kind is not Kind.TABLE:
            yield self._no_contract((*path, "contract"), subject, output.kind)
        if output.on_breach is not OnBreach.FAIL and output.contract is None:
            message = f"{subject} says `on_breach` and has no contract to breach"
            yield Finding((*path, "on_breach"), message, "add `contract`, or remove `on_breach`", at_key=True)
        if output.drift and output.kind is not Kind.TABLE:
            message = f"{subject} is of kind {output.kind}; drift is measured on tables"
            yield Finding((*path, "drift"), message, "remove `drift`", at_key=True)

    def _gate(self) -> Iterator[Finding]:
        for key, limit in (self.step.require or {}).items():
            path = self._at("require", key)
            step, name, metric = key.split(".", 2)
            source = self._source(path, step, name, at_key=True)
            if isinstance(source, Finding):
                yield source
                continue
            if source.kind not in (Kind.METRICS, Kind.TABLE):
                message = f"{self.words} requires {key!r}, but {step}.{name} is of kind {source.kind}"
                yield Finding(path, message, "name an output of kind metrics, or a table", at_key=True)
            elif source.kind is Kind.TABLE and metric not in _TABLE_METRICS:
                message = f"{self.words} requires {key!r}; a table has the metrics drift and rows"
                yield Finding(path, message, did_you_mean(metric, _TABLE_METRICS, ""), at_key=True)
            if limit.first == "pass" and (source.kind is not Kind.TABLE or metric != "drift"):
                message = f"`first` of {key!r} in {self.words} has a meaning for a table's drift only"
                yield Finding((*path, "first"), message, "remove `first`", at_key=True)

    def _bento(self) -> Iterator[Finding]:
        kinds = {name: self._kind(item) for name, item in self.step.inputs.items()}
        models = [name for name, kind in kinds.items() if kind is Kind.MODEL]
        if len(models) != 1 and None not in kinds.values():
            path = self._at("inputs") if kinds else self.path
            message = f"{self.words} builds a bento of one model; {len(models)} of its inputs are of kind model"
            yield Finding(path, message, "give it exactly one: `inputs: {model: step.output}`")

    def _kind(self, item: Input) -> Kind | None:
        source = self._source((), *item.source) if item.source else item
        return None if isinstance(source, Finding) else source.kind

    def _source(self, path: Path, step: str, output: str, at_key: bool = False) -> Output | Finding:
        if step not in self.pipeline.by_name:
            return self._no_step(path, step, at_key)
        outputs = self.pipeline.by_name[step].all_outputs
        if output in outputs:
            return outputs[output]
        message = f"{self.words} reads {step}.{output}, but step {step!r} has no output {output!r}"
        return Finding(path, message, did_you_mean(output, outputs, f"declare it in `outputs` of {step!r}"), at_key)

    def _no_step(self, path: Path, name: str, at_key: bool = False) -> Finding:
        fix = did_you_mean(name, self.pipeline.by_name.keys() - {self.step.name}, "add that step")
        return Finding(path, f"{self.words} names step {name!r}, which is not there", fix, at_key)

    def _no_contract(self, path: Path, subject: str, kind: Kind) -> Finding:
        message = f"{subject} is of kind {kind}; contracts are for tables"
        return Finding(path, message, "remove `contract`, or make it a table", at_key=True)
