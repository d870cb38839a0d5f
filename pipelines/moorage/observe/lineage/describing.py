"""Who did what, in OpenLineage's words: runs and jobs with their facets, as a function of the record. Pure."""

from collections.abc import Mapping
from importlib.metadata import version

from openlineage.client.event_v2 import Job, Run
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    error_message_run,
    execution_parameters_run,
    job_type_job,
    parent_run,
    processing_engine_run,
    source_code_location_job,
    tags_run,
)

from moorage.journal import RunRecord, StepRecord
from moorage.observe.identity import uuid_of


class Names:
    """The names of one run's jobs; `code` is the digest of its code archive in the store."""

    def __init__(self, namespace: str, pipeline: str, store: str, code: str | None) -> None:
        self._namespace, self._pipeline, self._store, self._code = namespace, pipeline, store, code

    def job(self, step: str | None, kind: str) -> Job:
        """Return the job of a step, or of the pipeline for no step."""
        facets: dict[str, JobFacet] = {
            "jobType": job_type_job.JobTypeJobFacet(processingType="BATCH", integration="MOORAGE", jobType=kind)
        }
        if self._code:
            archive = f"{self._store}/code/{self._code.removeprefix('blake3:')}.zip"
            facets["sourceCodeLocation"] = source_code_location_job.SourceCodeLocationJobFacet(
                type="moorage", url=archive, version=self._code
            )
        return Job(self._namespace, self._name(step), facets)

    def parent(self, run_id: str) -> RunFacet:
        """Return the facet that puts a step below the run."""
        return parent_run.ParentRunFacet(
            parent_run.Run(run_id),
            parent_run.Job(self._namespace, self._pipeline),
            parent_run.Root(parent_run.RootRun(run_id), parent_run.RootJob(self._namespace, self._pipeline)),
        )

    def _name(self, step: str | None) -> str:
        return f"{self._pipeline}.{step}" if step else self._pipeline


def run_uuid(record: RunRecord) -> str:
    """Return the id of the run; of one that was reopened after its end, the id of what followed."""
    since = record.reopened or record.created
    return uuid_of(record.id, since, "run", since.isoformat())


def step_uuid(record: RunRecord, step: StepRecord, attempt: bool) -> str:
    """Return the id of a step's newest attempt, or of the step itself where nothing was attempted."""
    if attempt and step.attempt:
        return uuid_of(record.id, step.attempt.intended, step.name, str(step.attempt.number))
    since = step.started or record.created
    return uuid_of(record.id, since, step.name, since.isoformat())


def run_of(record: RunRecord, run_id: str, tags: Mapping[str, object], facets: Mapping[str, RunFacet]) -> Run:
    """Return a run with who made it, and with tags that find it in moorage again."""
    told = {"run": record.id, "environment": record.environment, **tags}
    fields = [tags_run.TagsRunFacetFields(f"moorage.{name}", str(value), "moorage") for name, value in told.items()]
    engine = processing_engine_run.ProcessingEngineRunFacet(
        version("moorage"), "moorage", version("openlineage-python")
    )
    return Run(run_id, {"processing_engine": engine, "tags": tags_run.TagsRunFacet(fields), **facets})


def parameters_facet(parameters: Mapping[str, object]) -> dict[str, RunFacet]:
    """Return the facet of the parameters; none for none."""
    if not parameters:
        return {}
    listed = [execution_parameters_run.ExecutionParameter(name, value=str(value)) for name, value in parameters.items()]
    return {"executionParameters": execution_parameters_run.ExecutionParametersRunFacet(listed)}


def error_facet(message: str | None, detail: str | None) -> dict[str, RunFacet]:
    """Return the facet of what went wrong; none for nothing."""
    if message is None:
        return {}
    return {"errorMessage": error_message_run.ErrorMessageRunFacet(message, "PYTHON", detail)}
