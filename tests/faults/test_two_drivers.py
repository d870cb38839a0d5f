"""Two drivers on one run, each a process of its own, while a third process approves, rejects or cancels."""

import subprocess
from pathlib import Path

import pytest

from moorage.journal import read_record
from moorage.states import RunState
from tests.faults.processes import PATIENCE_SECONDS, Project, until
from tests.faults.stories import assert_sound


def steps(project: Project, *names: str, after: str | None = None) -> list[dict[str, object]]:
    wait = {"after": [after]} if after else {}
    return [
        {"name": name, "command": ["sh", "-c", project.note], "parameters": {"name": name}, **wait} for name in names
    ]


def asking(project: Project) -> str:
    """Make a run that asks for an approval, then has more to do."""
    asked = {"name": "ask", "approval": {"by": ["ann"]}, "after": ["first"]}
    return project.make([*steps(project, "first"), asked, *steps(project, "then", "too", after="ask")])


def ended(driver: "subprocess.Popen[str]") -> tuple[int, str]:
    _, said = driver.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in said
    return driver.returncode, said


def is_asked(project: Project, run: str) -> bool:
    return read_record(project.store, run).steps["ask"].asked is not None


def has_driver(project: Project, run: str, pid: int) -> bool:
    return read_record(project.store, run).driver_pid == pid


@pytest.mark.parametrize(
    ("arguments", "state"),
    [
        (("approve", "--by", "ann"), RunState.SUCCEEDED),
        (("reject", "--by", "ann"), RunState.FAILED),
        (("cancel",), RunState.CANCELLED),
    ],
)
def test_a_run_that_was_taken_over_obeys_a_third_process(tmp_path: Path, arguments: tuple[str, ...], state: RunState):
    project = Project(tmp_path)
    run = asking(project)
    verb, *options = arguments
    with project.moorage("resume", run) as one:
        until(lambda: is_asked(project, run))
        with project.moorage("resume", run, "--take-over") as two:
            until(lambda: has_driver(project, run, two.pid))
            code, said = project.call(verb, run, *options)
            assert code == 0, said
            code, said = ended(two)
            assert code == (0 if state is RunState.SUCCEEDED else 1), said
        code, said = ended(one)
    assert code == 2
    assert f"another driver has taken run {run}" in said
    record = read_record(project.store, run)
    assert record.state is state
    ran = ["first", "then", "too"] if state is RunState.SUCCEEDED else ["first"]
    assert [name for name, step in record.steps.items() if step.attempts] == ran
    assert project.effects == {(name, 1): 1 for name in ran}
    assert_sound(project.store, run)


def test_a_second_driver_is_refused_while_the_first_lives(tmp_path: Path):
    project = Project(tmp_path)
    run = asking(project)
    with project.moorage("resume", run) as one:
        until(lambda: is_asked(project, run))
        code, said = project.call("resume", run)
        assert code == 2
        assert "has a driver that lives" in said
        assert "--take-over" in said
        assert project.call("cancel", run)[0] == 0
        assert ended(one)[0] == 1


def test_of_two_drivers_that_start_at_once_one_drives_and_the_other_says_so(tmp_path: Path):
    project = Project(tmp_path)
    run = project.make(steps(project, *(f"s{number}" for number in range(12))))
    with project.moorage("resume", run) as one, project.moorage("resume", run) as two:
        codes = dict([ended(one), ended(two)])
    assert sorted(codes) == [0, 2], codes
    seen = ("another driver has taken", "has a driver that lives", "has succeeded")
    assert any(text in codes[2] for text in seen), codes
    assert read_record(project.store, run).state is RunState.SUCCEEDED
    assert project.effects == {(f"s{number}", 1): 1 for number in range(12)}
    assert_sound(project.store, run)


def test_drivers_that_take_a_run_from_each_other_do_every_step_once(tmp_path: Path):
    project = Project(tmp_path)
    run = project.make(steps(project, *(f"s{number}" for number in range(16))))
    with project.moorage("resume", run) as one:
        until(lambda: has_driver(project, run, one.pid))
        with project.moorage("resume", run, "--take-over") as two:
            until(lambda: has_driver(project, run, two.pid) or two.poll() is not None)
            with project.moorage("resume", run, "--take-over") as three:
                codes = [ended(driver)[0] for driver in (one, two, three)]
    assert set(codes) <= {0, 2}
    assert read_record(project.store, run).state is RunState.SUCCEEDED
    assert project.effects == {(f"s{number}", 1): 1 for number in range(16)}
    assert_sound(project.store, run)
