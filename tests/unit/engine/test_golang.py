"""The newest Go is taken; one that is too old, or none, is a sentence."""

from pathlib import Path

import pytest

from tests.engine import golang
from tests.engine.errors import EngineError
from tests.engine.golang import find_go
from tests.unit.engine.workshop import Workshop


@pytest.fixture
def places(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Go is on PATH only, unless the usual place is filled."""
    monkeypatch.setattr(golang, "USUAL_PLACE", str(workshop.folder / "usual" / "go"))
    return workshop


def unnamed(workshop: Workshop) -> dict[str, str]:
    return {name: value for name, value in workshop.environ.items() if name != "MOORAGE_GO"}


def test_no_go_is_a_sentence(places: Workshop):
    (places.folder / "bin" / "go").unlink()
    with pytest.raises(EngineError, match=r"built with Go 1\.26: no `go` on PATH, nor .*\n  fix: install Go 1\.26"):
        find_go(unnamed(places))


def test_a_named_go_that_is_none_is_a_sentence(places: Workshop):
    with pytest.raises(EngineError, match="MOORAGE_GO names /nowhere/go, which is no Go"):
        find_go({**places.environ, "MOORAGE_GO": "/nowhere/go"})


def test_a_go_that_cannot_fetch_a_newer_one_is_too_old(places: Workshop):
    places.go_version("1.19.8")
    with pytest.raises(EngineError, match=r"built with Go 1\.26; .*/bin/go is Go 1\.19\n"):
        find_go(unnamed(places))


@pytest.mark.parametrize(("version", "fetches"), [("1.24.4", True), ("1.26.8", False), ("1.27rc1", False)])
def test_an_older_go_may_fetch_the_one_that_is_asked_for(places: Workshop, version: str, fetches: bool):
    places.go_version(version)
    assert ("GOTOOLCHAIN" in find_go(unnamed(places)).environ) == fetches


def test_the_newer_one_of_two_is_taken(places: Workshop):
    places.go_version("1.24.4")
    usual = Path(golang.USUAL_PLACE)
    usual.parent.mkdir()
    usual.write_text("#!/bin/sh\necho go version go1.26.1 linux/amd64\n")
    usual.chmod(0o755)
    assert find_go(unnamed(places)).path == usual


def test_tools_are_built_for_this_machine_whatever_the_developer_builds_for(places: Workshop):
    environ = find_go({**unnamed(places), "GOOS": "plan9", "GOARCH": "mips", "GOPROXY": "off"}).environ
    assert environ.keys().isdisjoint({"GOOS", "GOARCH"})
    assert (environ["GOPROXY"], environ["CGO_ENABLED"]) == ("off", "0")
