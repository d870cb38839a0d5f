"""The process of a driver, killed with -9 at random points of a run with retries; the next one goes on."""

import random
import time
from pathlib import Path

import pytest

from moorage.journal import read_record
from moorage.states import RunState, StepState
from tests.conftest import SOAK
from tests.faults.processes import Project, until
from tests.faults.stories import assert_sound

STEPS = 200
TRIALS, KILLS = (34, 3) if SOAK else (1, 3)
"""A trial is a run; `make soak` kills over a hundred drivers, `make test` three."""


def is_flaky(number: int) -> bool:
    return number % 9 == 4


def random_steps(chance: random.Random, project: Project) -> list[dict[str, object]]:
    """Return a graph without an end of its own: each step waits for up to two that came shortly before it."""
    fails = f'{project.note}; test "$MOORAGE_ATTEMPT" -gt 1'
    steps: list[dict[str, object]] = []
    for number in range(STEPS):
        near = range(max(0, number - 12), number)
        after = sorted(chance.sample(near, min(len(near), chance.randint(0, 2))))
        steps.append(
            {
                "name": f"s{number}",
                "command": ["sh", "-c", fails if is_flaky(number) else project.note],
                "parameters": {"n": number},  # steps that are the same share one result
                "after": [f"s{one}" for one in after],
                "retries": {"limit": 2, "backoff": "0.1s"},
            }
        )
    return steps


def kill_one(project: Project, run: str, chance: random.Random) -> bool:
    """Start a driver and kill it some segments on, and a moment later; False when it was quicker."""
    wanted = project.segments(run) + chance.randint(1, 50)
    moment = chance.uniform(0, 0.02)
    with project.moorage("resume", run) as driver:
        until(lambda: driver.poll() is not None or project.segments(run) >= wanted, every_seconds=0.001)
        time.sleep(moment)
        driver.kill()
        return driver.wait() == -9


@pytest.mark.parametrize("trial", range(TRIALS))
def test_a_run_whose_drivers_are_killed_ends_as_if_there_had_been_one(tmp_path: Path, trial: int):
    chance = random.Random(trial)
    project = Project(tmp_path)
    run = project.make(random_steps(chance, project))
    killed = sum(kill_one(project, run, chance) for _ in range(KILLS))
    code, said = project.call("resume", run)
    assert killed == KILLS, said
    assert code == 0, said
    record = read_record(project.store, run)
    assert record.state is RunState.SUCCEEDED
    assert {step.state for step in record.steps.values()} == {StepState.SUCCEEDED}
    told = {name: [(one.cause, one.message) for one in step.attempts] for name, step in record.steps.items()}
    assert {name: told[name] for n, name in enumerate(told) if len(told[name]) != 1 + is_flaky(n)} == {}
    # Each attempt ran once, and nothing ran that is not in the record.
    assert project.effects == {(step.name, one.number): 1 for step in record.steps.values() for one in step.attempts}
    assert_sound(project.store, run)
