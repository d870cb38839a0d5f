"""A run before it is made: the spec read, the environment found, everything resolved that a run freezes.

Apart from `api`, so that `moorage plan` does not pay for what drives a run.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from moorage.errors import SpecError
from moorage.plan.planning import Draft, draft
from moorage.runs.place import Place, open_place
from moorage.spec import load, validate
from moorage.spec.models import Pipeline


def prepare(
    spec: str | Path | Pipeline,
    *,
    environment: str = "local",
    parameters: Mapping[str, JsonValue] | None = None,
    project: Path | None = None,
    is_offline: bool = False,
) -> tuple[Place, Draft]:
    """Return the environment and the resolved spec of a run that is not made yet. Raises as `api.run` does.

    Offline, the store is not asked for anything: images that have a name keep it.
    """
    if isinstance(spec, Pipeline):
        if parameters:
            raise SpecError("a Pipeline built in Python has its parameters already", fix="give them where it is built")
        validate(spec)
        pipeline, folder = spec, project or Path.cwd()
    else:
        pipeline, folder = load(spec, parameters), _folder(Path(spec))
    place = open_place(environment, project or folder)
    return place, draft(pipeline, folder, place.environment.name, place.store, place.adapter, is_offline)


def _folder(spec: Path) -> Path:
    return spec if spec.is_dir() else spec.parent
