"""`make demo`: run the example on real data, serve its model, ask it something, and say where things are."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOORAGE = str(Path(sys.executable).with_name("moorage"))
SPEC = "pipelines/acme_tumors/pipeline.yaml"
MODEL = "acme-tumors"
START_SECONDS = 120.0
"""What the service may take to answer for the first time; on a slow machine it imports for half a minute."""

STOP_SECONDS = 20.0


class DemoError(Exception):
    """A part of the demo did not work; the text says which and what to look at."""


def main() -> int:
    """Return the exit status: 0, or 1 after a sentence that says what did not work."""
    try:
        _headline("1", "A pipeline, run on real data: 569 measured tumours")
        _moorage("run", SPEC)
        _headline("2", "Its model, served as a Bento with the contract enforced")
        with _serving() as url:
            _ask_well(url)
            _ask_badly(url)
        _headline("3", "Where things are")
        _summary()
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _moorage(*arguments: str) -> None:
    print(f"$ moorage {' '.join(arguments)}", flush=True)
    if subprocess.run([MOORAGE, *arguments], cwd=ROOT).returncode:
        raise DemoError(f"`moorage {' '.join(arguments)}` failed\n  fix: see above; then `make demo` goes on")


@contextmanager
def _serving() -> Iterator[str]:
    """Yield the address of the service; it is stopped afterwards, whatever happens."""
    command = ["bento", "serve", MODEL, "--port", "0"]
    print(f"$ moorage {' '.join(command)} &", flush=True)
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([MOORAGE, *command], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield _address(process, Path(f"/proc/self/fd/{log.fileno()}"))
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if (found := re.search(r"http://[^\s/'\"]+:\d+", log.read_text())) and _is_ready(found[0]):
            return found[0]
        time.sleep(0.1)
    said = textwrap.indent(log.read_text()[-2000:], "  ")
    raise DemoError(f"the service did not answer within {START_SECONDS:.0f} s; it said:\n{said}")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _ask_well(url: str) -> None:
    status, answer = _post(f"{url}/predict", [_record()])
    print("\nA mass with its 30 measurements:")
    _show(status, answer)
    if status != 200:
        raise DemoError("the service refused a good record")


def _ask_badly(url: str) -> None:
    status, answer = _post(f"{url}/predict", [{**_record(), "mean_radius": -1.0}])
    print("\nThe same with a radius of -1, which the contract forbids:")
    _show(status, answer)
    if status != 422:
        raise DemoError("the service took a record that breaks its contract")


def _record() -> Mapping[str, float]:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    return {name.replace(" ", "_"): float(value) for name, value in zip(data.feature_names, data.data[0], strict=True)}


def _post(url: str, body: object) -> tuple[int, object]:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def _show(status: int, answer: object) -> None:
    text = json.dumps(answer, indent=2)
    short = text if len(text) < 70 else textwrap.shorten(json.dumps(answer), 600)
    print(textwrap.fill(f"{status} {short}", 78, initial_indent="  ", subsequent_indent="      "))


def _summary() -> None:
    run, version = _newest("runs")["id"], _newest("model", "list")["version"]
    print(f"  store   {os.environ.get('MOORAGE_STORE') or ROOT / '.moorage' / 'store'}")
    print(f"  run     {run}")
    print(f"  model   {MODEL}, version {version}")
    print(f"\nTry next, after  export PATH={ROOT / '.venv' / 'bin'}:$PATH")
    for command, what in (
        (f"moorage run {SPEC}", "all of it is cached"),
        (f"moorage show {run}", "what ran, and what came out"),
        (f"moorage why {run} train", "why a step ran, or did not"),
        (f"moorage bento serve {MODEL}", "ask the model yourself"),
        ("moorage init ../mine", "a project of your own"),
    ):
        print(f"  {command:<48} {what}")


def _newest(*listing: str) -> dict[str, object]:
    listed = subprocess.run([MOORAGE, *listing, "--json"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        raise DemoError(f"`moorage {' '.join(listing)}` failed: {listed.stderr.strip()}")
    newest: dict[str, object] = json.loads(listed.stdout)[0]
    return newest


def _headline(number: str, text: str) -> None:
    print(f"\n{number}  {text}\n{'-' * min(78, len(text) + 3)}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
