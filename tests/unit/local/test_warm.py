"""A step that is forked from a warm process is what it would be in a new interpreter; what cannot be forked is not."""

import gc
import os
import signal
import time
from pathlib import Path

import pytest

from moorage.errors import TargetError
from moorage.spec.models import Resources
from moorage.states import Cause, State
from moorage_local import client, processes
from tests.rigs.local import LocalRig
from tests.unit.local.shop import Shop

AROUND = """
import json, os, signal, sys

def around(out):
    fds = [fd for fd in range(100) if os.path.exists(f"/proc/self/fd/{fd}")]
    says = {
        "env": dict(os.environ), "cwd": os.getcwd(), "umask": os.umask(0), "path": sys.path, "argv": sys.argv,
        "signals": {int(n): str(signal.getsignal(n)) for n in signal.valid_signals()},
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "session": os.getsid(0) == os.getppid(),
        "files": [os.readlink(f"/proc/self/fd/{fd}").split(":")[0] for fd in fds],
        "group": os.getpgid(0) == os.getpid(), "main": sorted(vars(sys.modules["__main__"])),
        "streams": [sys.stdin.encoding, sys.stdout.line_buffering, sys.stderr.errors],
        "nice": os.nice(0), "oom": open("/proc/self/oom_score_adj").read(), "environ": os.environb.get(b"LANG") is None,
    }
    out.write_text(json.dumps(says))
"""

CHANCE = """
import json, os, random
LOADED = os.getpid()

def draw(out):
    out.write_text(json.dumps([random.random(), LOADED]))
"""

THREADS = """
import threading, time
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()

def nothing(out):
    out.write_text("1")
"""


def test_a_forked_job_finds_around_it_what_one_in_a_new_interpreter_finds(
    rig: LocalRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    monkeypatch.setenv("A_NAME", "a value = ü")
    shop = Shop(rig, AROUND)
    seen = [shop.said("around", start) for start in ("interpreter", "fork", "fork")]
    for number, each in enumerate(seen, start=1):
        assert f"s{number}-hello-1" in each.pop("cwd")
        assert each["argv"].pop().endswith(f"jobs/s{number}")
        assert each["env"].pop("MOORAGE_RUN") == f"s{number}"
        assert each["env"].pop("MOORAGE_LOCAL_JOB").endswith(f"jobs/s{number}")
    assert seen[0] == seen[1]
    assert seen[0] == seen[2]


def test_jobs_share_what_was_loaded_and_draw_numbers_of_their_own(rig: LocalRig) -> None:
    shop = Shop(rig, CHANCE)
    (first, loaded), (second, loaded_too) = (shop.said("draw", "fork") for _ in range(2))
    assert loaded == loaded_too
    assert first != second


def test_a_module_that_seeds_when_it_is_imported_gets_the_same_numbers_each_time(rig: LocalRig) -> None:
    shop = Shop(rig, CHANCE.replace("LOADED =", "random.seed(7); LOADED ="))
    drawn = [shop.said("draw", start)[0] for start in ("fork", "fork", "interpreter")]
    held = shop.said("draw", "fork", resources=Resources.model_validate({"memory": "1GiB"}))[0]
    assert [*drawn, held] == [held] * 4


def test_what_starts_threads_is_not_forked_and_that_is_remembered(rig: LocalRig) -> None:
    shop = Shop(rig, THREADS)
    for _ in range(2):
        result = shop.result(shop.submit("nothing"))
        assert (result.state, result.start) == (State.SUCCEEDED, "interpreter")
        assert "start threads" in (result.start_reason or "")
    vars(rig).pop("connection")
    with pytest.raises(TargetError, match="`start: fork` is not possible here: its modules start threads"):
        shop.submit("nothing", "fork")


def test_a_fork_that_was_asked_for_and_cannot_be_fails_with_the_reason(rig: LocalRig) -> None:
    shop = Shop(rig, THREADS)
    seen = rig.await_end(shop.submit("nothing", "fork"))
    assert (seen.state, seen.cause) == (State.FAILED, Cause.SETUP)
    assert "`start: fork` is not possible here: its modules start threads" in seen.reason


def test_a_module_that_cannot_be_loaded_ahead_says_in_its_step_why(rig: LocalRig) -> None:
    shop = Shop(rig, "raise ValueError('not today')")
    result = shop.result(shop.submit("nothing"))
    assert (result.cause, result.start) == (Cause.USER, "interpreter")
    assert "not today" in (result.message or "")
    assert "cannot be loaded ahead: ValueError" in (result.start_reason or "")


def test_a_template_that_dies_leaves_its_jobs_to_new_interpreters(rig: LocalRig, tmp_path: Path) -> None:
    (tmp_path / "wait").touch()
    loads = f"""
import os, time
os.symlink(str(os.getpid()), {str(tmp_path / "pid")!r})
while os.path.exists({str(tmp_path / "wait")!r}): time.sleep(0.01)
"""
    shop = Shop(rig, loads + "def nothing(out):\n    out.write_text('1')\n")
    handle = shop.submit("nothing")
    assert rig.observe(handle).state is State.STARTING
    while not (tmp_path / "pid").is_symlink():
        assert rig.observe(handle).state is State.STARTING
    os.kill(int((tmp_path / "pid").readlink().name), signal.SIGKILL)
    (tmp_path / "pid").unlink()
    (tmp_path / "wait").unlink()
    result = shop.result(handle)
    assert (result.state, result.start) == (State.SUCCEEDED, "interpreter")


def test_a_new_interpreter_has_the_process_of_a_job_that_a_template_forked(rig: LocalRig) -> None:
    shop = Shop(rig, PARENTS)
    parents = [shop.said("parent", "interpreter") for _ in range(2)]
    assert parents == [parents[0]] * 2


def test_a_job_that_had_secrets_is_the_last_of_its_process(rig: LocalRig) -> None:
    rig.keep_secret("loans/token", "hunter2")
    shop = Shop(rig, PARENTS)
    first = shop.said("parent", "interpreter", secrets={"TOKEN": "loans/token"})
    assert shop.said("parent", "interpreter") != first


def test_where_the_interpreter_itself_starts_threads_each_job_is_a_new_one(
    rig: LocalRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(THREADS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"), prepend=os.pathsep)
    shop = Shop(rig, PARENTS)
    for start in (None, "interpreter", "interpreter"):
        handle = shop.submit("parent", start)
        result = shop.result(handle)
        assert (result.state, result.start) == (State.SUCCEEDED, "interpreter")
        assert ("start threads" in (result.start_reason or "")) is (start is None)


def test_modules_are_not_loaded_ahead_where_they_could_ask_for_secrets(rig: LocalRig) -> None:
    rig.keep_secret("loans/token", "hunter2")
    shop = Shop(rig, "import os\nTOKEN = os.environ.get('TOKEN')\ndef say(out):\n    out.write_text(str(TOKEN))\n")
    result = shop.result(shop.submit("say", secrets={"TOKEN": "loans/token"}))
    assert (result.state, result.start) == (State.SUCCEEDED, "interpreter")
    assert "secrets" in (result.start_reason or "")


def test_a_template_ends_with_its_driver(rig: LocalRig) -> None:
    shop = Shop(rig, CHANCE)
    loaded = shop.said("draw", "fork")[1]
    found = processes.read(loaded)
    assert found
    vars(rig).pop("connection")
    gc.collect()
    processes.wait_any([found.identity], 10)
    assert processes.find(found.identity) is None


def test_a_job_that_was_handed_to_a_fork_which_dies_is_forked_again(rig: LocalRig) -> None:
    shop = Shop(rig, CHANCE)
    first = shop.submit("draw", "fork")
    assert shop.result(first).state is State.SUCCEEDED
    idle = rig.pid_of(first)
    os.kill(idle, signal.SIGSTOP)
    handle = shop.submit("draw", "fork")
    assert rig.pid_of(handle) == idle
    os.kill(idle, signal.SIGKILL)
    result = shop.result(handle)
    assert (result.state, result.start) == (State.SUCCEEDED, "fork")
    assert rig.pid_of(handle) != idle


def test_what_a_forked_job_forks_is_found_when_the_job_was_killed(rig: LocalRig) -> None:
    source = """
import os, time

def daemon(out):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()
    print("ready", flush=True)
    time.sleep(600)
"""
    shop = Shop(rig, source)
    handle = shop.submit("daemon", "fork")
    rig.await_state(handle, State.RUNNING)
    while len(rig.leftovers(handle)) < len(("launcher", "worker", "daemon")):
        assert rig.observe(handle).state is State.RUNNING
    os.kill(rig.pid_of(handle), signal.SIGKILL)
    assert rig.await_end(handle).cause is Cause.LOST
    assert rig.leftovers(handle) == []


PARENTS = """
import json, os, time

def parent(out):
    out.write_text(json.dumps(os.getppid()))

def fail(out):
    raise ValueError

def grow(out):
    kept = b"x" * 200 * 2**20
    parent(out)

def sleep(out):
    time.sleep(600)
"""


def test_a_process_is_one_job_after_another_as_long_as_they_succeed(rig: LocalRig) -> None:
    shop = Shop(rig, PARENTS)
    first, second = shop.said("parent", "fork"), shop.said("parent", "fork")
    assert shop.result(shop.submit("fail", "fork")).cause is Cause.USER
    third = shop.said("parent", "fork")
    assert first == second
    assert third != first


def test_what_one_job_used_is_not_said_of_the_next(rig: LocalRig) -> None:
    shop = Shop(rig, PARENTS)
    first, second = (shop.result(shop.submit(function, "fork")) for function in ("grow", "parent"))
    assert (first.peak_memory_mib or 0) > 200
    assert 0 < (second.peak_memory_mib or 0) < 100


def test_cancelling_what_has_ended_leaves_the_next_job_of_its_process_alone(rig: LocalRig) -> None:
    shop = Shop(rig, PARENTS)
    ended = shop.submit("parent", "fork")
    assert shop.result(ended).state is State.SUCCEEDED
    runs = shop.submit("sleep", "fork")
    rig.await_state(runs, State.RUNNING)
    assert rig.pid_of(runs) == rig.pid_of(ended)
    rig.connection.cancel(ended)
    assert rig.observe(runs).state is State.RUNNING
    rig.connection.cancel(runs)
    assert rig.observe(runs).state is State.CANCELLED
    assert rig.leftovers(runs) == []


def test_a_submit_does_not_wait_for_modules(rig: LocalRig) -> None:
    shop = Shop(rig, "import time\ntime.sleep(0.5)\n" + CHANCE)
    began = time.monotonic()
    handle = shop.submit("draw")
    assert time.monotonic() - began < 0.4
    assert isinstance(rig.connection, client.LocalConnection)
    assert shop.result(handle).start == "fork"
