"""What the same spec asks of a bucket: requests by kind, counted by a proxy in front of a server that speaks S3."""

from collections import Counter
from collections.abc import Sequence
from urllib.parse import unquote

from tests.benchmarks.bench import Bench
from tests.benchmarks.figure import Figure, figure
from tests.benchmarks.measure import Command
from tests.benchmarks.projects import Project, Step, chain, sleeping
from tests.rigs.bucket import bucket_server
from tests.unit.store.proxy import Call, proxied

STEPS = 10
CALLS_PER_STEP = 12 + 1 + 1
"""Twelve, one input and one output."""
BEATS = 2
CALLS_PER_BEAT = 2.0


def s3(bench: Bench) -> Sequence[Figure]:
    """Return the requests of one step of a chain, and those of 15 more seconds of a step that runs."""
    with bucket_server("bucket") as server, proxied(server) as proxy:

        def requests(steps: list[Step]) -> Counter[str]:
            proxy.calls.clear()
            made = bench.project(steps)
            bench.meter.cost(_on_bucket(made, proxy.url))
            return Counter(map(_kind, proxy.calls))

        per_step = _each(requests(chain(2)), requests(chain(2 + STEPS)), STEPS)
        per_beat = _each(requests(sleeping(1)), requests(sleeping(1 + 15 * BEATS)), BEATS)
    own = {kind: count for kind, count in per_beat.items() if kind.startswith("step")}
    rest = {kind: count for kind, count in per_beat.items() if kind not in own}
    return [
        figure("requests per step (1 input, 1 output)", "", [sum(per_step.values())], CALLS_PER_STEP),
        *(figure(f"  {kind}", "", [count]) for kind, count in per_step.items()),
        figure("per 15 s by a step that runs", "", [sum(own.values())], CALLS_PER_BEAT),
        *(figure(f"  {kind}", "", [count]) for kind, count in own.items()),
        figure("per 15 s by the driver, however many run", "", [sum(rest.values())]),
        *(figure(f"  {kind}", "", [count]) for kind, count in rest.items()),
    ]


def _each(few: Counter[str], many: Counter[str], number: int) -> dict[str, float]:
    return {kind: (many[kind] - few[kind]) / number for kind in sorted(many) if many[kind] != few[kind]}


def _on_bucket(made: Project, url: str) -> Command:
    return made.run(
        MOORAGE_STORE=f"s3://bucket/{made.folder.name}",
        AWS_ENDPOINT_URL=url,
        NO_PROXY="127.0.0.1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
    )


def _kind(call: Call) -> str:
    who = "step" if "/steps/" in unquote(call.path) else "rest"
    if call.method == "GET" and "list-type" in call.path:
        return f"{who}: list"
    if call.method == "PUT" and "if-none-match" in call.headers:
        return f"{who}: put if absent"
    return f"{who}: {call.method.lower()}"
