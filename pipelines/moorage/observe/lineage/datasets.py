"""What a step read and wrote, as OpenLineage's datasets: named by pipeline, step and output, versioned by digest."""

from pathlib import Path
from urllib.parse import urlsplit

from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    OutputDatasetFacet,
    dataset_version_dataset,
    output_statistics_output_dataset,
    symlinks_dataset,
)

from moorage.contracts.compiled import Contract, contract_from_json
from moorage.contracts.profile import Profile, profile_from_json
from moorage.contracts.report import CheckResult
from moorage.journal import RunRecord
from moorage.observe.lineage.quality import Known, assertions, facets_of, input_facets_of, schema_of
from moorage.observe.watched import Watched
from moorage.spec.models import Input, OnBreach, Step
from moorage.step.request import Artifact
from moorage.store import read_blob

Checks = tuple[CheckResult, ...]
"""All checks of one attempt."""

Place = tuple[str, str]
"""A namespace and a name."""

_Found = tuple[Place, Artifact, str | None]
_Maybe = tuple[Place, Artifact | None, str | None]


class Datasets:
    """The datasets of one run; a gate reads the metrics that it asks for."""

    def __init__(self, watched: Watched) -> None:
        self._watched, self._pipeline = watched, watched.resolved.pipeline

    def found(self, record: RunRecord, step: Step) -> list[InputDataset]:
        """Return what the step finds when it begins: names and versions."""
        return [
            InputDataset(*place, facets=self._stored(artifact))
            for place, artifact, _ in self._inputs(record, step).values()
        ]

    def read(self, record: RunRecord, step: Step, checks: Checks) -> list[InputDataset]:
        """Return what the step has read, with all that is known of it."""
        return [
            self._read(place, artifact, contract, _of(name, checks))
            for name, (place, artifact, contract) in self._inputs(record, step).items()
        ]

    def planned(self, step: Step) -> list[OutputDataset]:
        """Return what the step is to write: names only, as nothing is there yet."""
        return [OutputDataset(*self._place(step.name, name)) for name in step.all_outputs]

    def written(self, record: RunRecord, step: Step, checks: Checks) -> list[OutputDataset]:
        """Return what the step writes: with what is known of it where it was written, else only its name."""
        outputs = record.steps[step.name].outputs
        return [self._output(step, name, outputs.get(name), checks) for name in step.all_outputs]

    def _inputs(self, record: RunRecord, step: Step) -> dict[str, _Found]:
        found = {name: self._input(record, step, name, item) for name, item in step.inputs.items()}
        for reference in step.require or ():
            source, output = reference.split(".")[:2]
            found[f"{source}.{output}"] = self._made(record, source, output)
        return {name: (place, artifact, contract) for name, (place, artifact, contract) in found.items() if artifact}

    def _input(self, record: RunRecord, step: Step, name: str, item: Input) -> _Maybe:
        if item.source:
            place, artifact, contract = self._made(record, *item.source)
            return place, artifact, item.contract or contract
        project = Path(self._watched.project)
        return place_of(item.uri or "", project), record.steps[step.name].inputs.get(name), item.contract

    def _made(self, record: RunRecord, step: str, output: str) -> _Maybe:
        declared = self._pipeline.step(step).all_outputs[output]
        return self._place(step, output), record.steps[step].outputs.get(output), declared.contract

    def _read(self, place: Place, artifact: Artifact, contract: str | None, checks: Checks) -> InputDataset:
        known = Known(self._contract(contract), self._profile(artifact), checks)
        facets = {**self._stored(artifact), **schema_of(known)}
        return InputDataset(*place, facets=facets, inputFacets=input_facets_of(known))

    def _output(self, step: Step, name: str, artifact: Artifact | None, checks: Checks) -> OutputDataset:
        declared = step.all_outputs[name]
        known = Known(
            self._contract(declared.contract),
            self._profile(artifact),
            _of(name, checks),
            strict=declared.on_breach is OnBreach.FAIL,
        )
        facets: dict[str, DatasetFacet] = {**self._stored(artifact), **facets_of(known)}
        if checked := assertions(known):
            # The standard has a place only for checks of what is read; these are of what was written.
            facets["dataQualityAssertions"] = checked  # type: ignore[assignment]
        return OutputDataset(*self._place(step.name, name), facets=facets, outputFacets=_statistics(artifact))

    def _place(self, step: str, output: str) -> Place:
        return self._watched.store_uri, f"{self._pipeline.name}/{step}.{output}"

    def _stored(self, artifact: Artifact | None) -> dict[str, DatasetFacet]:
        if artifact is None:
            return {}
        algorithm, _, digest = artifact.digest.partition(":")
        blob = symlinks_dataset.Identifier(self._watched.store_uri, f"blobs/{algorithm}/{digest}", "LOCATION")
        return {
            "version": dataset_version_dataset.DatasetVersionDatasetFacet(artifact.digest),
            "symlinks": symlinks_dataset.SymlinksDatasetFacet([blob]),
        }

    def _contract(self, reference: str | None) -> Contract | None:
        digest = self._watched.resolved.contracts.get(reference) if reference else None
        return contract_from_json(read_blob(self._watched.store, digest)) if digest else None

    def _profile(self, artifact: Artifact | None) -> Profile | None:
        digest = artifact.profile if artifact else None
        return profile_from_json(read_blob(self._watched.store, digest)) if digest else None


def _statistics(artifact: Artifact | None) -> dict[str, OutputDatasetFacet]:
    if artifact is None:
        return {}
    counts = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(artifact.rows, artifact.size)
    return {"outputStatistics": counts}


def place_of(uri: str, project: Path) -> Place:
    """Return the namespace and the name, as OpenLineage forms them, of something outside: a URI or a path."""
    parts = urlsplit(uri)
    if parts.scheme and parts.netloc:
        return f"{parts.scheme}://{parts.netloc}", parts.path.lstrip("/")
    return "file", str((project / parts.path).resolve() if not parts.scheme else Path(parts.path))


def _of(artifact: str, checks: Checks) -> Checks:
    return tuple(check for check in checks if check.artifact == artifact)
