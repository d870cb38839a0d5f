"""The build of the engine goes on where it was stopped, bears company, and says what is in its way."""

import os
import re
import select
from pathlib import Path

import pytest

from tests.engine.cache import IDLE_DAYS, cache, sweep
from tests.engine.recipe import TOOLS
from tests.engine.tools import tools
from tests.unit.engine.workshop import NAMES, Workshop

PATIENCE_SECONDS = 60.0


def test_all_tools_are_built_with_what_belongs_to_them(workshop: Workshop):
    code, seen = workshop.build()
    assert (code, workshop.asked()) == (0, NAMES), seen
    made = tools(workshop.environ)
    assert dict(made.missing) == {}
    assert (made.manifests / "kueue" / "webhook" / "manifests.yaml").read_text() == "kind: kueue\n"
    assert list((made.manifests / "jobset" / "crd" / "bases").iterdir())


def test_what_is_there_is_not_built_again_and_needs_no_go(workshop: Workshop):
    workshop.build()
    code, seen = workshop.build(MOORAGE_GO="/nowhere/go")
    assert (code, workshop.asked()) == (0, NAMES)
    assert re.fullmatch(r"engine: all 8 tools are here in ~/cache/[0-9a-f]{16}\n", seen)


@pytest.mark.parametrize(("tool", "signal"), [*((name, "INT") for name in NAMES), ("kubectl", "TERM")])
def test_a_build_that_is_stopped_goes_on_with_the_tool_that_it_had_not_finished(
    workshop: Workshop, tool: str, signal: str
):
    workshop.on(tool, f"echo half > $target; kill -{signal} $PPID; exec sleep 600")
    code, seen = workshop.build()
    assert code == 130, seen
    assert "stopped; `make engine` goes on from here" in seen
    assert "Traceback" not in seen
    _goes_on(workshop, tool)


@pytest.mark.parametrize("tool", NAMES)
def test_a_build_that_is_killed_goes_on_with_the_tool_that_it_had_not_finished(workshop: Workshop, tool: str):
    workshop.on(tool, "echo half > $target; kill -9 $PPID; exit 1")
    assert workshop.build()[0] == -9
    assert tool in tools(workshop.environ).missing
    _goes_on(workshop, tool)


def _goes_on(workshop: Workshop, tool: str) -> None:
    workshop.on(tool, None)
    assert workshop.build()[0] == 0
    assert workshop.asked() == [*NAMES[: NAMES.index(tool) + 1], *NAMES[NAMES.index(tool) :]]
    built = cache(workshop.environ)
    assert {built.binary(each).read_text() for each in TOOLS} == {"#!/bin/sh\n"}
    assert list(built.folder.glob(".partial-*")) == []


def test_of_two_builds_at_once_the_second_waits_and_finds_all_done(workshop: Workshop):
    arrived, go_on = (_pipe(workshop.folder / name) for name in ("arrived", "go-on"))
    workshop.on("kubectl", f"echo yes > {workshop.folder}/arrived; read -r line < {workshop.folder}/go-on")
    with workshop.start() as first:
        assert select.select([arrived], [], [], PATIENCE_SECONDS)[0]
        with workshop.start() as second:
            assert second.stderr
            waits = second.stderr.readline()
            os.write(go_on, b"\n")
            rest = second.stderr.read()
        first.communicate()
    os.close(arrived)
    os.close(go_on)
    assert waits == f"engine: another build is at work (process {first.pid}); waiting for it\n"
    assert re.fullmatch(r"engine: all 8 tools are here, in \S+\n", rest)
    assert (first.returncode, second.returncode, workshop.asked()) == (0, 0, NAMES)


def _pipe(path: Path) -> int:
    os.mkfifo(path)
    return os.open(path, os.O_RDWR)  # both, so that neither side waits here for the other


@pytest.mark.parametrize(
    ("says", "seen", "fix"),
    [
        ("compile: write $WORK/b001/_pkg_.a: no space left on device", "the disk is full", "make room"),
        ("go: k8s.io/api@v0.36.2: Get: dial tcp: lookup proxy: no such host", "proxy cannot be reached", "GOPROXY="),
        ("go: k8s.io/api@v0.36.2: reading it: 403 Forbidden", "proxy cannot be reached", "GOPROXY="),
        ("go: go.mod requires go >= 1.26.0 (running go 1.24.4)", "Go 1.26 is needed", "MOORAGE_GO=/path/to/go"),
        ("go build k8s.io/api: compile: signal: killed", "the memory ran out", "GOFLAGS=-p=1"),
        ("main.go:7:2: undefined: Engine", "building kubectl failed: go ended with 1", "see what go said"),
    ],
)
def test_a_build_that_fails_says_why_and_what_to_do(workshop: Workshop, says: str, seen: str, fix: str):
    workshop.on("kubectl", f"echo '{says}' >&2; exit 1")
    code, text = workshop.build()
    error = text.partition("error: ")[2]
    assert code == 2
    assert error.startswith("building kubectl")
    assert seen in error.splitlines()[0]
    assert f"  | {says}" in error.splitlines()
    assert fix in error.splitlines()[-1]
    assert "Traceback" not in text
    assert "example.org/library/package" not in error, "what went well hides what went wrong"


def test_what_was_built_before_a_failure_is_kept(workshop: Workshop):
    workshop.on("kubectl", "exit 1")
    workshop.build()
    workshop.on("kubectl", None)
    assert workshop.build()[0] == 0
    assert workshop.asked() == [*NAMES[:5], *NAMES[4:]]


def test_a_cache_that_cannot_be_written_is_a_sentence(workshop: Workshop):
    code, seen = workshop.build(MOORAGE_ENGINE="/dev/null/engine")
    assert code == 2
    assert "error: /dev/null/engine: Not a directory\n  fix: name a folder" in seen
    assert "Traceback" not in seen


def test_a_source_without_manifests_is_a_sentence(workshop: Workshop):
    workshop.script("go", (workshop.folder / "bin" / "go").read_text().replace('{"Dir":', '{"Error":'))
    code, seen = workshop.build()
    assert code == 2
    assert "finding the source of jobset failed" in seen
    assert "Traceback" not in seen


def test_sets_that_nothing_uses_any_more_are_removed_but_never_the_two_newest(workshop: Workshop):
    used = cache(workshop.environ)
    ages = {"a" * 16: 1, "b" * 16: IDLE_DAYS + 2, "c" * 16: IDLE_DAYS + 1, "first": 1000}
    for folder in (used.folder, *(used.folder.parent / name for name in ages)):
        (folder / "bin").mkdir(parents=True)
    now = used.folder.stat().st_mtime
    for name, days in ages.items():
        os.utime(used.folder.parent / name, (now, now - days * 86_400))
    assert sorted(sweep(used, now)) == ["b" * 16, "c" * 16]
    assert _names(used.folder.parent) == {used.folder.name, "a" * 16, "first"}
    os.utime(used.folder.parent / ("a" * 16), (0, 0))
    assert sweep(used, now) == [], "one to come back to stays, however old"


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
