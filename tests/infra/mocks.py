"""Pulumi without an engine: what a program registers, in the order in which it does."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest


@dataclass(frozen=True)
class Registered:
    """One resource: its type, its name in the stack, its inputs as they went to the engine."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    provider: str

    @property
    def kind(self) -> str:
        """The kind as the cluster calls it: `NetworkPolicy`."""
        return self.type.rpartition(":")[2]


@dataclass
class Recorder(pulumi.runtime.Mocks):
    """Registers everything, and gives back what it was given."""

    made: list[Registered] = field(default_factory=list)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Remember it; its name is its identity."""
        self.made.append(Registered(args.typ, args.name, args.inputs, args.provider or ""))
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        """Refuse: no component looks anything up."""
        raise AssertionError(f"a look-up: {args.token}")


def registered(stack: str, program: Callable[[], Any], *, preview: bool) -> tuple[Any, list[Registered]]:
    """Return what the program returns, resolved, and all that it registered; on an event loop of its own."""
    recorder, found = Recorder(), list[Any]()
    with _own_loops():
        pulumi.runtime.set_mocks(recorder, project="moorage", stack=stack, preview=preview)

        @pulumi.runtime.test  # type: ignore[untyped-decorator]
        def run() -> Any:
            return pulumi.Output.from_input(program()).apply(found.append)

        run()
    return found[0] if found else None, recorder.made


@contextmanager
def _own_loops() -> Iterator[None]:
    # Each thread in which Pulumi answers a call gets a loop that nobody closes.
    made, make = list[asyncio.AbstractEventLoop](), asyncio.new_event_loop

    def remembered() -> asyncio.AbstractEventLoop:
        made.append(make())
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "new_event_loop", remembered)
        own = remembered()
        asyncio.set_event_loop(own)
        try:
            yield
        finally:
            own.run_until_complete(own.shutdown_default_executor())
            asyncio.set_event_loop(None)
            for loop in made:
                loop.close()
