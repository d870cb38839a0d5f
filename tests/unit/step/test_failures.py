"""How a step that fails is told to the person who wrote it."""

import sys
from pathlib import Path

import pytest

from moorage.states import Cause, State
from moorage.step.reading import read_log
from moorage.step.request import BentoBuild
from tests.unit.step.jobs import Workplace


def test_an_exception_is_one_sentence_the_users_frames_and_the_libraries_it_went_through(place: Workplace):
    source = """
    import json
    def helper(text):
        return json.loads(text)
    def step(text):
        return helper(text)
    """
    job = place.job(source, parameters={"text": "{"})
    result = job.run()
    assert (result.state, result.cause) == (State.FAILED, Cause.USER)
    assert str(result.message).startswith("JSONDecodeError: Expecting property name")
    assert str(result.detail).splitlines() == [
        "steps.py:4 in helper",
        "    return json.loads(text)",
        "steps.py:6 in step",
        "    return helper(text)",
        "through 3 library frames: Python",
    ]
    assert "Traceback (most recent call last):" in job.log()
    assert "moorage/step" not in job.log()


@pytest.mark.parametrize(
    ("source", "cause", "message"),
    [
        ("def step(): return step()", Cause.USER, "RecursionError: maximum recursion depth exceeded"),
        ("def step(): raise MemoryError", Cause.OUT_OF_MEMORY, "MemoryError"),
        ("def step(): bytearray(10 ** 15)", Cause.OUT_OF_MEMORY, "MemoryError"),
        ("def step(): raise KeyboardInterrupt", Cause.USER, "KeyboardInterrupt"),
        ("def step(): raise SystemExit(4)", Cause.USER, "the step called sys.exit(4)"),
        ("def step(): raise SystemExit('no data')", Cause.USER, "the step called sys.exit() with the text: no data"),
        ("def step(): raise SystemExit", Cause.USER, "the step called sys.exit(); a step function returns"),
        ("import os\ndef step(): os._exit(9)", Cause.USER, "the step ended its own process with exit code 9"),
        ("import os\ndef step(): os.kill(os.getpid(), 9)", Cause.USER, "killed by signal 9 (SIGKILL), not by moorage"),
        ("import ctypes\ndef step(): ctypes.string_at(0)", Cause.USER, "killed by signal 11 (SIGSEGV)"),
        ("import os\ndef step(): os.abort()", Cause.USER, "killed by signal 6 (SIGABRT)"),
        ("def step(): raise ValueError('two\\nlines')", Cause.USER, "ValueError: two lines"),
        ("def step(): raise ValueError('x' * 10_000)", Cause.USER, "xxx…"),
        ("def step(): raise ValueError('\\udcff')", Cause.USER, "ValueError: "),
        ("raise RuntimeError('at import')", Cause.USER, "RuntimeError: at import"),
        (
            "class E(Exception):\n    def __str__(self): raise E\ndef step(): raise E",
            Cause.USER,
            "E: its text cannot be shown",
        ),
        ("def step(): raise ExceptionGroup('g', [ValueError('a')])", Cause.USER, "ExceptionGroup: g (1 sub"),
        ("import sys\ndef step(): sys.stderr.close(); sys.stdout = None; 1 / 0", Cause.USER, "ZeroDivisionError"),
        ("import os\ndef step(): os.closerange(0, 100); 1 / 0", Cause.USER, ""),
    ],
)
def test_every_way_to_fail_has_a_cause_and_a_sentence(place: Workplace, source: str, cause: Cause, message: str):
    result = place.job(source).run()
    assert (result.state, result.cause) == (State.FAILED, cause)
    assert message in str(result.message)
    assert len(str(result.message)) < 600
    assert "\n" not in str(result.message)
    assert len(str(result.detail)) < 10_000


@pytest.mark.parametrize(
    ("command", "cause", "message"),
    [
        (["sh", "-c", "exit 3"], Cause.USER, "'sh' exited with 3"),
        (["sh", "-c", "kill -9 $$"], Cause.USER, "'sh' was killed by signal 9 (SIGKILL)"),
        (["no-such-program"], Cause.SETUP, "the command 'no-such-program' cannot be started"),
        (["/"], Cause.SETUP, "cannot be started: Permission denied"),
    ],
)
def test_a_command_that_fails_says_how(place: Workplace, command: list[str], cause: Cause, message: str):
    result = place.job(command=tuple(command)).run()
    assert result.cause is cause
    assert message in str(result.message)


def test_parameters_too_large_for_a_command_say_what_there_is_instead(place: Workplace):
    result = place.job(command=("true",), parameters={"text": "x" * 2**20}).run()
    assert result.cause is Cause.SETUP
    assert "Linux takes 128 KiB in one variable" in str(result.message)


def test_a_command_is_told_its_inputs_outputs_and_parameters(place: Workplace):
    script = 'cat "$MOORAGE_INPUT_NOTES" > "$MOORAGE_OUTPUT_COPY"; echo "$MOORAGE_PARAMETER_N $MOORAGE_PARAMETER_S"'
    job = place.job(
        command=("sh", "-c", script),
        inputs={"notes": place.artifact("file", b"hello", "n.txt")},
        outputs={"copy": "file"},
        parameters={"n": [1, 2], "s": "plain text"},
    )
    result = job.run()
    assert result.message is None
    assert result.outputs["copy"].size == 5
    assert job.log() == "[1, 2] plain text\n"


def test_a_bento_that_cannot_be_built_is_a_setup_failure_in_a_sentence(place: Workplace):
    bento = BentoBuild("service", "loans")
    result = place.job(bento=bento, outputs={"bento": "bento"}).run()
    assert (result.cause, result.message) == (
        Cause.SETUP,
        "the folder 'service' of the Bento is not in the code of the run",
    )
    job = place.job(bento=BentoBuild(".", "loans"), outputs={"bento": "bento"}, attempt=2)
    result = job.run()
    assert result.cause is Cause.SETUP
    assert str(result.message).startswith("the Bento 'loans' takes exactly one input of kind model")


def test_a_command_may_use_the_users_packages(place: Workplace):
    job = place.job("WORD = 'found'", command=(sys.executable, "-c", "import steps; print(steps.WORD)"))
    job.run()
    assert job.log() == "found\n"


def test_secrets_reach_the_step_and_leave_it_nowhere(place: Workplace):
    source = """
    import os, sys, base64
    def step():
        token = os.environ["TOKEN"]
        print(token, base64.b64encode(token.encode()).decode())
        sys.stdout.write(token[:5]); sys.stdout.flush()
        sys.stdout.write(token[5:] + "\\n")
        raise ValueError(f"cannot log in with {token}")
    """
    job = place.job(source, secrets={"TOKEN": "loans/token"})
    job.environ["TOKEN"] = "hunter2-hunter2"
    result = job.run()
    assert result.message == "ValueError: cannot log in with ***TOKEN***"
    stored = [path.read_bytes() for path in (place.folder / "store" / "runs").rglob("*") if path.is_file()]
    assert not [data for data in stored if b"hunter2" in data]
    assert job.log().startswith("***TOKEN*** ***TOKEN***\n***TOKEN***\n")


def test_a_missing_secret_is_named_and_a_short_one_warned_of(place: Workplace):
    result = place.job("def step(): pass", secrets={"TOKEN": "loans/token"}).run()
    assert result.cause is Cause.SETUP
    assert str(result.message).startswith("the secret 'loans/token' did not reach the job as TOKEN")
    job = place.job("def step(): pass", secrets={"PIN": "loans/pin"}, attempt=2)
    job.environ["PIN"] = "123"
    assert "PIN has under 4 characters" in job.run().warnings[0]


def test_a_step_sees_its_own_environment_and_no_secret_of_others(place: Workplace):
    source = """
    import os
    def step():
        print(sorted(name for name in os.environ if name.startswith("MOORAGE_") and "TEST" not in name))
        print(os.environ["MOORAGE_RUN"], os.environ["MOORAGE_STEP_NAME"], os.environ["MOORAGE_ATTEMPT"])
    """
    job = place.job(source)
    job.environ = {"MOORAGE_SECRET_LOANS_TOKEN": "hunter2-hunter2"}
    job.run()
    first, second = job.log().splitlines()
    assert "MOORAGE_SECRET" not in first
    assert "MOORAGE_STEP'" not in first
    assert second == "r1 train 1"


def test_stdout_and_stderr_are_kept_in_order_with_what_children_print(place: Workplace):
    source = """
    import os, subprocess, sys
    def step():
        for n in range(3):
            print("out", n); print("err", n, file=sys.stderr)
            subprocess.run(["echo", "child"])
            os.write(1, b"raw\\xff\\n")
        print("no newline", end="")
    """
    job = place.job(source)
    job.run()
    expected = "".join(f"out {n}\nerr {n}\nchild\nraw\ufffd\n" for n in range(3)) + "no newline\n"
    assert job.log() == expected


def test_a_gigabyte_of_output_neither_blocks_the_step_nor_fills_memory(place: Workplace):
    job = place.job("import os\ndef step():\n    for n in range(1000): os.write(1, b'x' * 99 + b'\\n' * 2 ** 20)")
    result = job.run()
    assert result.message is None
    size = sum(entry.size for entry in place.store.list(f"{job.folder}/log/"))
    assert size < 64 * 2**20


def test_log_parts_can_be_followed(place: Workplace):
    job = place.job("print('one')\ndef step(): pass")
    job.run()
    (part,) = read_log(place.store, "r1", "train", 1)
    assert part.number == 1
    assert part.lines[0].endswith("Z one")
    assert list(read_log(place.store, "r1", "train", 1, after=1)) == []


def test_the_scratch_folder_is_gone_after_success_and_after_failure(place: Workplace):
    source = "import os\ndef step(f): f.write_text('x'); os.makedirs('a/b'); os.chmod('a', 0); 1 / 0"
    assert place.job(source, outputs={"f": "file"}).run().state is State.FAILED
    assert place.job("def step(f): f.write_text('x')", outputs={"f": "file"}, attempt=2).run().state is State.SUCCEEDED
    left = [path.name for path in Path(place.folder / "store" / "work").iterdir()]
    assert sorted(left) == ["code", "put"]


def test_usage_times_and_host_are_recorded(place: Workplace):
    result = place.job("def step(): sum(range(3_000_000))").run()
    assert result.cpu_seconds is not None
    assert result.cpu_seconds > 0.01
    assert result.peak_memory_mib is not None
    assert result.peak_memory_mib > 1
    assert str(result.started) < str(result.finished)
    assert (result.start, bool(result.host), bool(result.nonce)) == ("interpreter", True, True)
