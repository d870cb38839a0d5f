"""`moorage env up` and its like around a `pulumi` of the tests, for what the real engine does not do on demand."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from moorage.environments import load_environment
from tests.unit.cli.conftest import Call
from tests.unit.stacks.said import LOCKED, state

PULUMI = """#!/bin/sh
echo "$*" >> calls
case "$1 $2" in
"version "*) echo v3.259.0 ;;
"whoami "*) echo '{"user": "ann", "url": "s3://bucket"}' ;;
"stack export") cat state.json ;;
"stack output") cat document.json ;;
"cancel "*) rm locked ;;
"up "*) if [ -e locked ]; then cat locked >&2; exit 255; fi ;;
"refresh "*) if [ -e locked ]; then cat locked >&2; exit 255; fi; cp clean.json state.json ;;
"destroy "*) echo 'error: no' >&2; exit 255 ;;
esac
"""
WAITS = """
import signal
signal.signal(signal.SIGINT, lambda *_: print("stopped", flush=True) or exit(1))
print("ready", flush=True)
signal.pause()
"""
UP = ("env", "up", "team", "--yes")


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (project / "Pulumi.yaml").write_text("name: shop\nstackConfigDir: stacks\nruntime: python\n")
    (project / "stacks").mkdir()
    (project / "stacks" / "Pulumi.team.yaml").write_text("config: {shop:environment: {platform: local}}\n")
    for name in ("state.json", "clean.json"):
        (project / name).write_text(json.dumps({"version": 3, "deployment": {"resources": None}}))
    target = dict(load_environment("local", project).target)
    document = {"schema": 1, "name": "team", "platform": "local", "target": target, "store": str(project / "shared")}
    (project / "document.json").write_text(json.dumps(document))
    (project / "bin").mkdir()
    program = project / "bin" / "pulumi"
    program.write_text(PULUMI)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")
    return project


def calls(project: Path) -> list[str]:
    return [line.split()[0] for line in (project / "calls").read_text().splitlines()]


def ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def locked(project: Path, host: str, pid: int) -> None:
    (project / "locked").write_text(LOCKED.replace("@vm ", f"@{host} ").replace("10188", str(pid)))


def test_a_place_is_made_and_kept(call: Call, here: Path) -> None:
    made = call(*UP, "--", "--parallel", "4")
    assert (made.code, made.out) == (0, "")
    assert made.err.splitlines()[0] == "ok       pulumi   v3.259.0, s3://bucket"
    assert load_environment("team", here).platform == "local"
    assert "up --stack team --yes --non-interactive --parallel 4" in (here / "calls").read_text()


def test_a_lock_that_only_pulumi_sees_is_taken_away_when_its_process_has_ended(call: Call, here: Path) -> None:
    locked(here, socket.gethostname(), pid := ended())
    made = call(*UP)
    assert made.code == 0, made.err
    assert f"process {pid}, since 2026-11-25 21:16:38 UTC is taken away: that process has ended" in made.err
    assert calls(here)[-4:] == ["up", "cancel", "up", "stack"]


def test_a_lock_that_only_pulumi_sees_is_left_alone_when_it_is_somebody_elses(call: Call, here: Path) -> None:
    locked(here, "elsewhere", 1)
    refused = call(*UP)
    assert refused.code == 2
    assert "error: the stack 'team' is locked by root@elsewhere, process 1, since" in refused.err
    assert "cancel" not in calls(here)


def test_a_lock_that_only_pulumi_sees_is_found_by_the_first_that_it_stops(call: Call, here: Path) -> None:
    cut = state()
    cut["deployment"]["pending_operations"] = cut["deployment"]["pending_operations"][1:]
    (here / "state.json").write_text(json.dumps(cut))
    locked(here, socket.gethostname(), ended())
    made = call(*UP)
    assert made.code == 0, made.err
    assert "updating ResourceQuota dev-quota: refreshed" in made.err
    assert [each for each in calls(here) if each != "stack"][2:] == ["refresh", "cancel", "refresh", "up"]


def test_a_cut_off_creation_that_nothing_can_look_for_is_left_for_a_person(call: Call, here: Path) -> None:
    (here / "state.json").write_text(json.dumps(state()))
    refused = call(*UP)
    assert refused.code == 2
    assert "error: the creation of Item b was cut off, and what became of it is not known" in refused.err
    assert "pulumi import shelf:index:Item b ID -s team" in refused.err
    assert not {"up", "refresh", "import"} & set(calls(here))


def test_what_is_protected_is_said_before_anybody_is_asked(call: Call, here: Path) -> None:
    (here / "state.json").write_text(json.dumps(state()))
    refused = call("env", "down", "team", "--yes")
    assert refused.code == 2
    assert refused.err.startswith("error: Item a is protected; nothing was changed\n")


def test_what_pulumi_says_of_a_failure_is_shown_and_the_document_stays(call: Call, here: Path) -> None:
    assert call(*UP).code == 0
    refused = call("env", "down", "team", "--yes")
    assert refused.code == 2
    assert "error: no\nerror: pulumi did not end well (exit status 255)" in refused.err
    assert load_environment("team", here).platform == "local"


def test_a_check_that_does_not_exist_is_refused(call: Call, here: Path) -> None:
    refused = call(*UP, "--skip", "gpu")
    assert (refused.code, refused.err.splitlines()[0]) == (2, "error: no check is named 'gpu'")


def test_a_platform_that_nobody_knows_is_told_before_its_checks(call: Call, here: Path) -> None:
    (here / "stacks" / "Pulumi.team.yaml").write_text("config: {shop:environment: {platform: kubernets}}\n")
    refused = call(*UP, "--skip", "gpus")
    assert refused.code == 2
    assert refused.err.startswith("error: no adapter is named 'kubernets'; installed: kubernetes, local\n")
    assert "fix: write 'kubernetes'" in refused.err


def test_what_was_never_made_is_not_removed(call: Call, here: Path) -> None:
    program = here / "bin" / "pulumi"
    program.write_text("#!/bin/sh\necho \"error: no stack named 'team' found\" >&2\nexit 255\n")
    refused = call("env", "down", "team", "--yes")
    assert (refused.code, refused.err.splitlines()[0]) == (
        2,
        "error: there is nothing to remove: no stack 'team' was made",
    )


def test_a_machine_without_pulumi_is_told_so(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    refused = call(*UP)
    assert refused.code == 2
    assert "failed   pulumi   there is no `pulumi` on this machine" in refused.err


def test_who_is_told_to_stop_waits_for_pulumi_to_end(here: Path) -> None:
    waits = here / "waits.py"
    waits.write_text(WAITS)
    (here / "bin" / "pulumi").write_text(PULUMI.replace('"up "*) if', f'"up "*) exec {sys.executable} {waits}; if'))
    process = subprocess.Popen(
        [sys.executable, "-m", "moorage", *UP],
        cwd=here,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.kill(process.pid, signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "stopped\n"), err
