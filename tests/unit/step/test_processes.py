"""Nothing outlives a step: not its worker, not what it started, not a duplicate of its job."""

import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from moorage.states import Cause, State
from moorage.step import paths
from moorage.step.request import to_json
from tests.unit.step.hanging import hanging, is_alive, started
from tests.unit.step.jobs import Workplace, until


def test_a_job_starts_without_the_heavy_libraries():
    heavy = "{'pydantic', 'click', 'yaml', 'rich', 'pandas', 'polars', 'pyarrow', 'obstore', 'subprocess', 'logging'}"
    code = f"import sys, moorage.step.supervisor; print(*sorted({heavy} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "\n"


def test_a_step_that_hangs_ends_at_its_deadline(place: Workplace):
    job, mark = hanging(place, timeout_seconds=1.5)
    began = time.monotonic()
    result = job.run()
    assert (result.state, result.cause) == (State.FAILED, Cause.TIMED_OUT)
    assert result.message == "the step ran longer than its deadline of 1.5 s"
    assert time.monotonic() - began < 20
    assert not is_alive(int(mark.read_text()))


def test_a_step_that_ignores_being_asked_is_killed_with_all_it_started(place: Workplace):
    child = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(subprocess.Popen(['sleep', '600']).pid)"
    job, mark = hanging(place, child, timeout_seconds=1.0)
    assert job.run().cause is Cause.TIMED_OUT
    assert not is_alive(int(mark.read_text()))
    assert not is_alive(int(job.log().split()[0]))


def test_sigterm_cancels_a_step_and_lets_it_clean_up(place: Workplace):
    job, mark = hanging(place, "signal.signal(signal.SIGTERM, lambda *_: (print('cleaned up'), sys.exit(1)))")
    started(job, mark)
    assert job.process is not None
    job.process.terminate()
    assert job.end() == 1
    result = job.result()
    assert result is not None
    assert (result.state, result.cause, result.message) == (State.CANCELLED, Cause.CANCELLED, "the step was cancelled")
    assert job.log() == "cleaned up\n"


def test_a_killed_supervisor_takes_its_worker_along_and_leaves_no_result(place: Workplace):
    job, mark = hanging(place)
    worker = started(job, mark)
    assert job.process is not None
    job.process.kill()
    assert job.end() == -signal.SIGKILL
    until(lambda: not is_alive(worker))
    assert job.result() is None


def test_a_killed_supervisor_takes_a_command_along(place: Workplace):
    job = place.job(command=("sh", "-c", "echo $$; exec sleep 600"))
    job.start()
    child = int(until(lambda: job.log().strip()))
    assert job.process is not None
    job.process.kill()
    job.end()
    until(lambda: not is_alive(child))


@pytest.mark.parametrize("how", ["", ", start_new_session=True"])
def test_children_left_behind_are_killed_and_warned_of(place: Workplace, how: str):
    source = f"import subprocess\ndef step(): print(subprocess.Popen(['sleep', '600']{how}).pid)"
    job = place.job(source)
    result = job.run()
    assert result.state is State.SUCCEEDED
    assert result.warnings == ("the step left 1 process running; they were killed",)
    assert not is_alive(int(job.log()))


def test_a_daemon_that_left_its_parent_and_its_session_is_killed(place: Workplace):
    source = """
    import os, time
    def step():
        read, write = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.write(write, str(os.getpid()).encode())
                time.sleep(600)
            os._exit(0)
        os.wait()
        print(os.read(read, 20).decode())
    """
    job = place.job(source)
    assert job.run().state is State.SUCCEEDED
    assert not is_alive(int(job.log()))


def test_threads_and_exit_handlers_do_not_hold_up_the_end(place: Workplace):
    source = """
    import atexit, threading, time
    def step():
        threading.Thread(target=time.sleep, args=(600,)).start()
        atexit.register(time.sleep, 600)
        return {"a": 1}
    """
    assert place.job(source, outputs={"m": "metrics"}).run().state is State.SUCCEEDED


def test_a_step_that_closes_its_streams_goes_on(place: Workplace):
    source = """
    import os, sys
    def step():
        print("before")
        sys.stdout.flush()
        os.close(1); os.close(2)
        return {"a": 1}
    """
    job = place.job(source, outputs={"m": "metrics"})
    result = job.run()
    assert result.message is None
    assert job.log() == "before\n"


def test_a_forked_process_that_comes_back_does_not_answer_for_the_step(place: Workplace):
    source = """
    import os
    def step():
        if os.fork() == 0:
            return {"child": 1}
        os.wait()
        return {"parent": 1}
    """
    result = place.job(source, outputs={"m": "metrics"}).run()
    assert result.outputs["m"].metrics == {"parent": 1}


def test_a_step_that_leaves_its_process_group_is_still_stopped(place: Workplace):
    job, mark = hanging(place, "os.setpgid(0, os.getppid() and os.getpgid(os.getppid()))", timeout_seconds=1.0)
    assert job.run().cause is Cause.TIMED_OUT
    assert not is_alive(int(mark.read_text()))


def test_multiprocessing_works_in_a_step(place: Workplace):
    source = """
    import multiprocessing
    def double(n): return 2 * n
    def step():
        for kind in ("fork", "spawn"):
            with multiprocessing.get_context(kind).Pool(2) as pool:
                print(pool.map(double, range(3)))
    """
    job = place.job(source)
    assert job.run().message is None
    assert job.log() == "[0, 2, 4]\n" * 2


def test_a_request_that_cannot_be_read_ends_in_a_sentence(place: Workplace):
    job = place.job("def step(): pass")
    key = paths.request_key(job.folder)
    place.store.put(key, b"{")
    job.start()
    assert job.end() == 2
    assert b"is not a request" in job.said
    place.store.put(key, to_json(replace(job.request, schema=99)))
    job.start()
    assert job.end() == 2
    assert b"has schema 99" in job.said
    place.store.delete(key)
    job.start()
    assert job.end() == 2
    assert b"is not there" in job.said
    assert b"Traceback" not in job.said


def test_a_uri_that_is_not_one_of_a_request_ends_in_a_sentence(place: Workplace):
    job = place.job("def step(): pass")
    job.start(uri="nonsense")
    assert job.end() == 2
    assert b"MOORAGE_STEP is 'nonsense'" in job.said


def test_code_is_extracted_once_and_shared(place: Workplace):
    first = place.job("def step(): print(__file__)")
    second = place.job("def step(): print(__file__)", attempt=2)
    first.run()
    second.run()
    assert first.log() == second.log()


def test_code_that_is_not_what_was_put_is_corrupt(place: Workplace):
    job = place.job("def step(): pass")
    place.store.put(f"code/{str(job.request.code)[7:]}.zip", b"something else")
    assert job.run().cause is Cause.CORRUPT


def test_outputs_of_a_failed_step_are_not_stored(place: Workplace):
    job = place.job("def step(f):\n    f.write_text('half')\n    1 / 0", outputs={"f": "file"})
    assert not job.run().outputs
    assert list(place.store.list("blobs/")) == []
