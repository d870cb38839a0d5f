"""The pipelines that are measured: their steps do next to nothing, so that what remains is moorage."""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import Command

MOORAGE = str(Path(sys.executable).with_name("moorage"))
HERE = Path(__file__).parent

Step = Mapping[str, object]


@dataclass(frozen=True)
class Project:
    """A folder with a pipeline; `cache` is where compiled contracts are kept."""

    folder: Path
    cache: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment of its commands: no setting of the user's, and nothing that writes bytecode later."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MOORAGE_")}
        return {**kept, "MOORAGE_CACHE": str(self.cache), "NO_COLOR": "1"}

    def command(self, *arguments: str, fresh: bool = False, **environ: str) -> Command:
        """Return `moorage ARGUMENTS` here; `fresh` says that no earlier run is known."""
        return Command([MOORAGE, *arguments], self.folder, {**self.environ, **environ}, self.forget if fresh else _keep)

    def run(self, *, fresh: bool = True, **environ: str) -> Command:
        """Return a run of its pipeline."""
        return self.command("run", "pipeline.yaml", fresh=fresh, **environ)

    def forget(self) -> None:
        """Put all earlier runs and the cache of their results out of sight.

        Not removed: for a minute, ext4 would look at each inode that was freed whenever a file is made.
        """
        with suppress(FileNotFoundError):
            (self.folder / ".moorage").rename(self.folder.parent / f"old-{os.urandom(8).hex()}")


def project(folder: Path, steps: list[Step], start: str | None = None) -> Project:
    """Make a project of these steps, whose functions are those of `programs/bench_steps.py`."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    for name in ("bench_steps.py", "bench_contracts.py", "bench_pandas.py"):
        shutil.copy(HERE / "programs" / name, folder / name)
    defaults = {"start": start} if start else {}
    spec = {"name": "bench", "code": ["."], "defaults": defaults, "steps": steps}
    (folder / "pipeline.yaml").write_text(_yaml(spec))
    return Project(folder, folder.parent / "cache")


def chain(number: int) -> list[Step]:
    """Return steps in a line, each of which hands a number on."""
    return [_step("s0", "source"), *(_step(f"s{at}", "pass_on", before=f"s{at - 1}.number") for at in range(1, number))]


def fan(number: int) -> list[Step]:
    """Return a source, `number - 2` steps in the middle, and a sink that reads them all."""
    middle = [f"m{at}" for at in range(number - 2)]
    read = {name: f"{name}.number" for name in middle} or {"first": "source.number"}
    return [
        _step("source", "source"),
        *(_step(name, "pass_on", before="source.number") for name in middle),
        _step("sink", "collect", **read),
    ]


def contracts(number: int) -> list[Step]:
    """Return a chain of steps, each of whose tables has a contract."""
    outputs = {"table": {"kind": "table", "contract": "bench_contracts:Numbers"}}
    first: Step = {"name": "s0", "run": "bench_steps:make_table"}
    rest: list[Step] = [
        {"name": f"s{at}", "run": "bench_steps:copy_table", "inputs": {"source": f"s{at - 1}.table"}}
        for at in range(1, number)
    ]
    return [{**step, "parameters": {"salt": at}, "outputs": outputs} for at, step in enumerate([first, *rest])]


def gigabyte() -> list[Step]:
    """Return a step that makes one GB of random numbers, and one that reads them."""
    made: Step = {"name": "make", "run": "bench_steps:make_gigabyte", "outputs": {"numbers": {"kind": "file"}}}
    read = {"name": "read", "run": "bench_steps:read_gigabyte", "inputs": {"numbers": "make.numbers"}}
    return [made, {**read, "outputs": {"seen": {"kind": "metrics"}}}]


def pandas(number: int) -> list[Step]:
    """Return steps in a line whose module imports pandas."""
    first = [_step("s0", "source", module="bench_pandas")]
    rest = [_step(f"s{at}", "pass_on", "bench_pandas", before=f"s{at - 1}.number") for at in range(1, number)]
    return [*first, *rest]


def sleeping(seconds: int) -> list[Step]:
    """Return one step that sleeps."""
    return [{"name": "sleep", "run": "bench_steps:sleep", "parameters": {"seconds": seconds}}]


def _step(name: str, function: str, module: str = "bench_steps", **inputs: str) -> Step:
    # The name as a parameter gives each step a key of its own: equal steps would share one result.
    return {
        "name": name,
        "run": f"{module}:{function}",
        "parameters": {"who": name},
        "inputs": inputs,
        "outputs": {"number": {"kind": "metrics"}},
    }


def _yaml(spec: Mapping[str, object]) -> str:
    # As a person writes it, one step to a few lines, for what reading it costs.
    import yaml

    return str(yaml.safe_dump(json.loads(json.dumps(spec)), sort_keys=False, width=200))


def _keep() -> None:
    pass
