"""Hand a run to a driver that the platform itself runs, where it can: whoever started it may go home."""

import secrets
from datetime import UTC, datetime

from moorage.environments import Environment
from moorage.errors import MoorageError, TargetError
from moorage.journal import read_record
from moorage.plan.images import resolve_image
from moorage.plan.names import job_name
from moorage.plan.resolved import Resolved
from moorage.ports import DriverJob, Handle, Hosts, JobName, Owner, TellsOfDrivers
from moorage.runs.making import read_resolved
from moorage.runs.place import Place
from moorage.runs.summary import announce_driver
from moorage.spec.models import Model

_STEP = "driver-"
"""Stands for a step in the names of its jobs; no step can be called so, and the hash tells the two apart."""


class Document(Model):
    """What a hosted driver reads first: the environment as its platform sees it.

    No two are the same, by `mark`: a store says of equal bytes that they were put, whoever put them.
    """

    environment: Environment
    mark: str


def can_host(place: Place) -> bool:
    """Return whether the platform of that environment can run drivers."""
    return isinstance(place.adapter, Hosts)


def check_hosting(place: Place) -> None:
    """Raise Unsupported where the platform runs drivers, but not in that environment."""
    if isinstance(place.adapter, Hosts):
        owner = Owner(environment=place.environment.name)
        job = DriverJob(name=driver_job("r0000000000", 1), owner=owner, image="", document_uri="")
        place.adapter.lower_driver(job, place.target)


def host(place: Place, run: str) -> Handle:
    """Start a driver for the run on its platform and return its job; TargetError where the platform cannot.

    It is announced first, so that it finds itself announced however soon it starts: then it waits for nobody.
    """
    if not isinstance(place.adapter, Hosts):
        fix = "leave `--detach` out"
        raise TargetError(f"the platform {place.adapter.platform!r} cannot run the driver of a run", fix=fix)
    resolved = read_resolved(place.store, run)
    image = _image(place, resolved)
    target = place.adapter.inside(place.target).model_dump(mode="json")
    number, key = _keep_document(place, run, place.environment.model_copy(update={"target": target}))
    name = driver_job(run, number)
    owner = Owner(environment=place.environment.name, pipeline=resolved.pipeline.name, run=run)
    job = DriverJob(name=name, owner=owner, image=image, document_uri=f"{place.store.uri}/{key}")
    request = place.adapter.lower_driver(job, place.target)
    record = read_record(place.store, run)
    announce_driver(place.store, record, name, datetime.now(UTC))
    try:
        return place.connection.submit(request, name)
    except MoorageError:
        announce_driver(place.store, record, None, datetime.now(UTC))
        raise


def say_driver(place: Place, run: str) -> str | None:
    """Return what the platform says of the newest driver that it was given for the run; None where it has none.

    It is asked once, and what keeps it from telling is told instead.
    """
    numbers = _numbers(place, run)
    if not numbers:
        return None
    name = driver_job(run, max(numbers))
    try:
        with place.closing():
            teller = place.connection
            return f"its driver {name}: {teller.say_driver(name)}" if isinstance(teller, TellsOfDrivers) else None
    except MoorageError as error:
        return f"what became of its driver {name} is not known: {error.problems[0].message}"


def end_drivers(place: Place, run: str) -> None:
    """Stop all drivers that the platform was given for the run, those too that have not begun."""
    names = {driver_job(run, number) for number in _numbers(place, run)}
    if not names:
        return
    for handle in list(place.connection.owned(Owner(environment=place.environment.name, run=run))):
        if handle.job in names:
            place.connection.cancel(handle)


def driver_job(run: str, number: int) -> JobName:
    """Return the name of the job that is the hosted driver of that number."""
    return job_name(run, _STEP, number)


def _numbers(place: Place, run: str) -> list[int]:
    names = [entry.key.rpartition("/")[2].removesuffix(".json") for entry in place.store.list(f"runs/{run}/hosted/")]
    return [int(name) for name in names if name.isdecimal()]


def _keep_document(place: Place, run: str, seen: Environment) -> tuple[int, str]:
    # A driver of its own each time: the platform never starts a second job under one name.
    document = Document(environment=seen, mark=secrets.token_hex(8)).model_dump_json(by_alias=True).encode()
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
