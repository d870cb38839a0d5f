"""Making a run: freeze the spec, the code and the contracts in the store, then write its first segment."""

import getpass
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import reduce

from moorage.errors import NotFound
from moorage.journal import create, events, fold
from moorage.plan.names import new_run_id
from moorage.plan.planning import Draft
from moorage.plan.resolved import Resolved
from moorage.runs.outside import pin
from moorage.runs.place import Place
from moorage.runs.summary import write_summary
from moorage.step.request import Artifact
from moorage.store import Store, put_bytes


def make_run(place: Place, draft: Draft) -> str:
    """Write everything that a driver of a new run needs, and return the run's id."""
    store = place.store
    store.ensure()
    if draft.code is not None:
        _put_once(store, f"code/{draft.code.digest.removeprefix('blake3:')}.zip", draft.code.data)
    for data in draft.contract_data.values():
        put_bytes(store, data)
    pinned = _pin_all(store, draft.resolved)
    return _first_segment(store, draft.resolved, pinned)


def read_resolved(store: Store, run: str) -> Resolved:
    """Return the spec of `run` as it was frozen. NotFound when there is no such run."""
    data = store.find(_spec_key(run))
    if data is None:
        raise NotFound(f"no run {run!r} in {store.uri}", fix="`moorage runs` lists those that are there")
    # Looking for references in each value takes longer than all the rest, and most specs have none left.
    return Resolved.model_validate_json(data, context={"bound": b"${" not in data})


def _pin_all(store: Store, resolved: Resolved) -> dict[tuple[str, str], Artifact]:
    return {
        (step.name, name): pin(store, item, item.uri)
        for step in resolved.pipeline.steps
        for name, item in step.inputs.items()
        if item.uri is not None
    }


def _first_segment(store: Store, resolved: Resolved, pinned: Mapping[tuple[str, str], Artifact]) -> str:
    while True:
        now = datetime.now(UTC)
        run = new_run_id(now)
        # The spec goes first: a run whose journal is there can always be driven.
        if not store.put_if_absent(_spec_key(run), resolved.model_dump_json(by_alias=True).encode()):
            continue
        first = events.RunCreated(
            at=now,
            run=run,
            pipeline=resolved.pipeline.name,
            environment=resolved.environment,
            steps=tuple(step.name for step in resolved.pipeline.steps),
            parameters=dict(resolved.pipeline.parameters),
            code=resolved.code,
            by=getpass.getuser(),
        )
        rest = [
            events.InputResolved(at=now, step=step, input=name, artifact=artifact)
            for (step, name), artifact in pinned.items()
        ]
        if create(store, f"maker-of-{run}", first, *rest):
            write_summary(store, reduce(fold, rest, fold(None, first)), now)
            return run


def _spec_key(run: str) -> str:
    return f"runs/{run}/spec.json"


def _put_once(store: Store, key: str, data: bytes) -> None:
    if store.head(key) is None:
        store.put(key, data)
