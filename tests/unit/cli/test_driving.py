"""`moorage run` and its kin, for real: processes, signals and exit codes."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call

PATIENCE_SECONDS = 60


def write_spec(project: Path, *steps: str) -> Path:
    path = project / "pipeline.yaml"
    path.write_text("name: wines\nsteps:\n" + "".join(f"  - {step}\n" for step in steps))
    return path


def waits_for(gate: Path) -> str:
    return f"{{name: slow, command: [sh, -c, 'while [ ! -e {gate} ]; do sleep 0.05; done']}}"


@contextmanager
def started(project: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "moorage", *arguments]
    process = subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for_line(process: subprocess.Popen[str], text: str) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return line
    raise AssertionError(f"{text!r} was never printed")


def test_a_run_that_succeeds_ends_with_0_and_says_how_it_went(project: Path, call: Call) -> None:
    spec = write_spec(project, "{name: hello, command: [echo, hello]}")
    ended = call("run", spec)
    assert ended.code == 0
    assert ended.out.startswith("run r")
    assert "succeeded  in" in ended.out.splitlines()[0]
    states = [line.split()[2] for line in ended.err.splitlines()[1:]]
    assert (states[0], states[-1]) == ("queued", "succeeded")
    assert call("logs").out.split()[1:] == ["hello", "hello"]
    assert "cached" in call("run", spec).err


def test_a_run_that_fails_ends_with_1_and_says_why(project: Path, call: Call) -> None:
    spec = write_spec(project, "{name: bad, command: [sh, -c, 'echo no >&2; exit 3']}")
    ended = call("run", spec, "--json")
    assert ended.code == 1
    told = json.loads(ended.out)
    assert (told["state"], told["steps"][0]["state"], told["steps"][0]["cause"]) == ("failed", "failed", "user")
    shown = call("show")
    assert shown.code == 0
    assert "bad failed (user)" in shown.out
    assert f"moorage resume {told['id']}" in shown.out
    assert call("resume", "--json").code == 1


def test_ctrl_c_leaves_the_run_and_says_how_to_go_on(project: Path, call: Call) -> None:
    gate = project / "gate"
    spec = write_spec(project, waits_for(gate), "{name: then, command: ['true'], after: [slow]}")
    with started(project, "run", str(spec)) as process:
        wait_for_line(process, "running")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    run_id = json.loads(call("runs", "--json").out)[0]["id"]
    assert f"left run {run_id}" in err
    for verb in ("show", "resume", "cancel"):
        assert f"moorage {verb} {run_id}" in err
    assert "Traceback" not in err
    with started(project, "resume") as process:
        gate.touch()
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert out.startswith(f"run {run_id}  succeeded")


def test_a_run_whose_driver_left_can_be_cancelled(project: Path, call: Call) -> None:
    gate = project / "gate"
    spec = write_spec(project, waits_for(gate))
    with started(project, "run", str(spec)) as process:
        wait_for_line(process, "running")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
    ended = call("cancel", "last")
    assert (ended.code, ended.err.split()[-1]) == (0, "cancelled")
    assert json.loads(call("show", "--json").out)["state"] == "cancelled"


def test_a_run_whose_driver_was_killed_is_cancelled_at_once(project: Path, call: Call) -> None:
    spec = write_spec(project, waits_for(project / "gate"))
    with started(project, "run", str(spec)) as process:
        wait_for_line(process, "running")
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)
    ended = call("cancel", "last")
    assert (ended.code, ended.err.split()[-1]) == (0, "cancelled")


def test_cancelling_a_run_at_work_says_that_its_driver_will(project: Path, call: Call) -> None:
    spec = write_spec(project, waits_for(project / "gate"))
    with started(project, "run", str(spec)) as process:
        wait_for_line(process, "running")
        assert "to be cancelled by its driver" in call("cancel", "last").err
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1


def test_an_answer_that_nobody_hears_says_how_to_go_on(project: Path, call: Call) -> None:
    spec = write_spec(project, "{name: yes, approval: {}}", "{name: last, command: ['true'], after: ['yes']}")
    with started(project, "run", str(spec)) as process:
        wait_for_line(process, "waiting")
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)
    assert "`moorage resume r" in call("approve", "last", "yes").err
    assert call("resume").code == 0


def test_a_detached_run_prints_its_id_and_goes_on_by_itself(project: Path, call: Call) -> None:
    spec = write_spec(project, "{name: hello, command: [echo, hello]}")
    with started(project, "run", str(spec), "--detach") as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, err) == (0, "")
    run_id = out.strip()
    with started(project, "logs", run_id, "-f") as process:
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    assert out.split()[-1] == "hello"


@pytest.mark.parametrize(("verb", "code"), [("approve", 0), ("reject", 1)])
def test_an_answer_takes_a_waiting_run_on(verb: str, code: int, project: Path, call: Call) -> None:
    spec = write_spec(project, "{name: yes, approval: {}}", "{name: last, command: ['true'], after: ['yes']}")
    with started(project, "run", str(spec)) as process:
        assert "moorage approve r" in wait_for_line(process, "waiting")
        assert call(verb, "last", "yes").code == 0
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == code
