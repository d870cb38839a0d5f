"""Hand a run to a driver that the platform itself runs, where it can: whoever started it may go home."""

from datetime import UTC, datetime

from moorage.environments import Environment
from moorage.errors import TargetError
from moorage.journal import read_record
from moorage.plan.images import resolve_image
from moorage.plan.names import job_name
from moorage.plan.resolved import Resolved
from moorage.ports import DriverJob, Handle, Hosts, Owner
from moorage.runs.making import read_resolved
from moorage.runs.place import Place
from moorage.runs.summary import announce_driver

_STEP = "driver-"
"""Stands for a step in the names of its jobs; no step can be called so, and the hash tells the two apart."""


def can_host(place: Place) -> bool:
    """Return whether the platform of that environment can run drivers."""
    return isinstance(place.adapter, Hosts)


def host(place: Place, run: str) -> Handle:
    """Start a driver for the run on its platform and return its job; TargetError where the platform cannot."""
    if not isinstance(place.adapter, Hosts):
        fix = "leave `--detach` out"
        raise TargetError(f"the platform {place.adapter.platform!r} cannot run the driver of a run", fix=fix)
    resolved = read_resolved(place.store, run)
    image = _image(place, resolved)
    target = place.adapter.inside(place.target).model_dump(mode="json")
    number, key = _keep_document(place, run, place.environment.model_copy(update={"target": target}))
    name = job_name(run, _STEP, number)
    owner = Owner(environment=place.environment.name, pipeline=resolved.pipeline.name, run=run)
    job = DriverJob(name=name, owner=owner, image=image, document_uri=f"{place.store.uri}/{key}")
    handle = place.connection.submit(place.adapter.lower_driver(job, place.target), name)
    announce_driver(place.store, read_record(place.store, run), name, datetime.now(UTC))
    return handle


def _keep_document(place: Place, run: str, seen: Environment) -> tuple[int, str]:
    # A driver of its own each time: the platform never starts a second job under one name.
    document = seen.model_dump_json(by_alias=True).encode()
    number = 1
    while not place.store.put_if_absent(document_key(run, number), document):
        number += 1
    return number, document_key(run, number)


def document_key(run: str, number: int) -> str:
    """Return the key of the environment's document for the hosted driver of that number, counted from 1."""
    return f"runs/{run}/hosted/{number}.json"


def _image(place: Place, resolved: Resolved) -> str:
    try:
        return resolve_image(place.adapter, place.store, None)
    except TargetError:
        # No default image: what a step runs in has moorage in it, too.
        if not resolved.images:
            raise
        return next(iter(resolved.images.values()))
