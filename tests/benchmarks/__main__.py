"""`python -m tests.benchmarks [--only GROUP] [--times N]`: measure, print, and keep what was measured."""

import argparse
import compileall
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks import page
from tests.benchmarks.bench import Bench, Group
from tests.benchmarks.figure import Figure, keep
from tests.benchmarks.measure import Failed, metering
from tests.benchmarks.rows import artifact, many, runs, s3, start
from tests.benchmarks.table import table

ROOT = Path(__file__).parents[2]


def _preview(bench: Bench) -> Sequence[Figure]:
    from tests.benchmarks.rows.preview import preview

    return preview(bench)


def _kubernetes(bench: Bench) -> Sequence[Figure]:
    from tests.benchmarks.rows.kubernetes import kubernetes

    return kubernetes(bench)


# What a child holds at most is counted from what this process held when it started it: what is large comes late.
GROUPS: Mapping[str, Group] = {
    "start": start.start,
    "check": start.check,
    "run": runs.run,
    "memory": many.memory,
    "steps": runs.steps,
    "imports": runs.imports,
    "fsync": runs.fsync,
    "cached": many.cached,
    "scale": many.scale,
    "artifact": artifact.artifact,
    "s3": s3.s3,
    "preview": _preview,
    "kubernetes": _kubernetes,
}
"""In this order: quick ones first; the last three start servers in this process, which then is larger."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the groups that were asked for; 1 when a measured command failed."""
    asked = _arguments(arguments)
    for folder in ("pipelines", "adapters", "bentos", "infra", "tests/rigs"):
        compileall.compile_dir(ROOT / folder, quiet=2)
    failed = 0
    with metering() as meter, tempfile.TemporaryDirectory(prefix="moorage-bench-", dir=asked.folder) as scratch:
        print(f"net is {'wall less waiting for a processor (PSI)' if meter.group else 'wall: no control group'}")
        for name in asked.only or GROUPS:
            bench = Bench(meter, Path(scratch) / name, asked.times)
            try:
                figures = GROUPS[name](bench)
            except Failed as error:
                print(f"\n{name}: {error}")
                failed = 1
                continue
            print(f"\n{name}\n{table(figures)}", flush=True)
            keep(asked.out / "bench.json", name, figures)
            if asked.docs:
                page.rewrite(asked.docs, name, table(figures), page.Setting(Path(scratch), meter.group is not None))
    return failed


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure moorage beside its floors and peers.")
    parser.add_argument("--only", action="append", choices=tuple(GROUPS), help="one group; may be given many times")
    parser.add_argument("--times", type=int, default=5, help="how often each command is measured")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="the folder of bench.json")
    parser.add_argument("--folder", type=Path, help="where the projects are made, if not in the temporary folder")
    parser.add_argument("--docs", type=Path, help="the page whose tables are written anew")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
