"""What the same spec asks of a bucket: requests by kind, counted by a proxy in front of a server that speaks S3."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection

from tests.benchmarks.bench import Bench
from tests.benchmarks.figure import Figure, figure
from tests.benchmarks.measure import Command
from tests.benchmarks.projects import Project, Step, chain, sleeping
from tests.unit.store.proxy import Call, proxied

CALLS_PER_STEP = 12 + 1 + 1
"""Twelve, one input and one output."""
CALLS_PER_BEAT = 2.0
BEATS = 2


def s3(bench: Bench) -> Sequence[Figure]:
    """Return the requests of one step of a chain, and those of 15 more seconds of a step that runs."""
    short, long = (_requests(bench, chain(number)) for number in (2, 12))
    per_step = {kind: (long[kind] - short[kind]) / 10 for kind in sorted(long)}
    brief, slow = (_requests(bench, sleeping(seconds)) for seconds in (1, 1 + 15 * BEATS))
    per_beat = {kind: (slow[kind] - brief[kind]) / BEATS for kind in sorted(slow)}
    return [
        figure("requests per step (1 input, 1 output)", "", [sum(per_step.values())], CALLS_PER_STEP),
        *(figure(f"  {kind}", "", [number]) for kind, number in per_step.items()),
        figure("requests per 15 s of a running step", "", [sum(per_beat.values())], CALLS_PER_BEAT),
        *(figure(f"  {kind} in 15 s", "", [number]) for kind, number in per_beat.items()),
    ]


def _requests(bench: Bench, steps: list[Step]) -> Counter[str]:
    made = bench.project(steps)
    with _server() as server, proxied(server) as proxy:
        bench.meter.cost(_on_bucket(made, server, proxy.url))
        return Counter(_kind(call) for call in proxy.calls)


def _on_bucket(made: Project, server: str, url: str) -> Command:
    connection = HTTPConnection(server)
    connection.request("PUT", "/bucket")
    connection.getresponse()
    connection.close()
    return made.run(
        MOORAGE_STORE="s3://bucket/runs",
        AWS_ENDPOINT_URL=url,
        NO_PROXY="127.0.0.1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
    )


@contextmanager
def _server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # here: it is large, and a child's memory is counted from its parent's

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"{host}:{port}"
    finally:
        server.stop()


def _kind(call: Call) -> str:
    if call.method == "GET" and "list-type" in call.path:
        return "list"
    if call.method == "PUT" and "if-none-match" in call.headers:
        return "put if absent"
    return call.method.lower()
