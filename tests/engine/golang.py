"""The `go` command: which one, what it is called with, and what its failures mean."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.engine.errors import EngineError
from tests.engine.recipe import FLAGS, GO_VERSION, MODULES, SETTINGS, Tool, linker_flags

USUAL_PLACE = "/usr/local/go/bin/go"
FETCHES_ITSELF = (1, 21)
"""Since this version, Go brings the version that a go.mod asks for by itself, from the module proxy."""

STOPS = (signal.SIGINT, signal.SIGTERM)
TAIL_LINES = 12
AGAIN = "then `make engine` goes on where it stopped"
WANTED = ".".join(map(str, GO_VERSION))
CAUSES = (
    (
        r"no space left on device|[Dd]isk quota exceeded",
        "the disk is full",
        "make room: Go's caches (`go env GOMODCACHE GOCACHE`) take about 11 GiB and the tools 1 GiB; " + AGAIN,
    ),
    (
        r"toolchain not available|download go1\.\d+|requires go >= ",
        f"Go {WANTED} is needed; this one is older and could not fetch it",
        f"install Go {WANTED} or newer, or name one: make engine MOORAGE_GO=/path/to/go",
    ),
    (
        r"dial tcp|no such host|connection re(fused|set)|i/o timeout|TLS handshake|proxyconnect|module lookup disabled"
        r"|x509:|: (4\d\d|5\d\d) [A-Z]",
        "Go's module proxy cannot be reached",
        "name one that can: GOPROXY=... make engine (`go env GOPROXY` says which was asked); " + AGAIN,
    ),
    (
        r"signal: killed",
        "a compiler was killed; most likely the memory ran out",
        "4 GiB must be free; GOFLAGS=-p=1 needs less; " + AGAIN,
    ),
)
"""What Go's output says, what that means, and the cure; the first that matches."""


@dataclass(frozen=True)
class Go:
    """One `go` command and the environment that it is called with."""

    path: Path
    version: tuple[int, int]
    environ: Mapping[str, str]

    def build(self, tool: Tool, target: Path, heard: Callable[[str], None], modules: Path = MODULES) -> None:
        """Build one tool into `target`; each line that Go says is `heard`. An EngineError says why it failed."""
        flags = [*FLAGS, "-v", "-ldflags", linker_flags(tool, modules), "-o", str(target)]
        code, tail = self._run(["build", *flags, tool.package], modules / tool.folder, heard)
        if code or not target.is_file():
            raise _failed(f"building {tool.name}", code, tail)

    def source(self, tool: Tool, modules: Path = MODULES) -> Path:
        """Return the folder of the tool's Go module, which is read-only."""
        lines: list[str] = []
        command = ["mod", "download", "-json", tool.module]
        code, _ = self._run(command, modules / tool.folder, lines.append)
        try:
            told = json.loads("\n".join(lines))
            return Path(told["Dir"])
        except (ValueError, KeyError) as error:
            raise _failed(f"finding the source of {tool.name}", code, lines) from error

    def _run(self, words: list[str], folder: Path, heard: Callable[[str], None]) -> tuple[int, list[str]]:
        tail: deque[str] = deque(maxlen=TAIL_LINES)
        start = partial(
            subprocess.Popen[str],
            [self.path, *words],
            cwd=folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        with _signals_held() as release, start() as process:
            try:
                release()
                for line in process.stdout or ():
                    heard(line.rstrip())
                    tail.append(line.rstrip())
            except BaseException:  # an interrupt, or a full disk under our own log
                process.kill()
                raise
        return process.returncode, [line for line in tail if not _is_news(line)]


def find_go(environ: Mapping[str, str]) -> Go:
    """Return the Go that `MOORAGE_GO` names, else the newest on PATH and in its usual place."""
    fix = f"install Go {WANTED} or newer, or name one: make engine MOORAGE_GO=/path/to/go"
    if named := environ.get("MOORAGE_GO"):
        places = [named]
    else:
        places = [place for place in (shutil.which("go", path=environ.get("PATH", "")), USUAL_PLACE) if place]
    versions = {place: asked for place in places if (asked := _version(place))}
    if not versions:
        looked = f"MOORAGE_GO names {named}, which is no Go" if named else f"no `go` on PATH, nor {USUAL_PLACE}"
        raise EngineError(f"the engine is built with Go {WANTED}: {looked}", fix)
    path = max(versions, key=lambda place: versions[place])
    if versions[path] < FETCHES_ITSELF:
        has = ".".join(map(str, versions[path]))
        raise EngineError(f"the engine is built with Go {WANTED}; {path} is Go {has}", fix)
    return Go(Path(path), versions[path], _environ(environ, versions[path]))


def _environ(environ: Mapping[str, str], version: tuple[int, int]) -> dict[str, str]:
    # A system that is set up to build for another one must not make tools that do not start here.
    kept = {name: value for name, value in environ.items() if name not in ("GOOS", "GOARCH")}
    fetched = {"GOTOOLCHAIN": "auto"} if version < GO_VERSION else {}
    return {**kept, **SETTINGS, **fetched}


def _version(place: str) -> tuple[int, int] | None:
    try:
        # Of its own version; `auto` would say that of the one that a go.mod here asks for.
        environ = {**os.environ, "GOTOOLCHAIN": "local"}
        answer = subprocess.run([place, "version"], capture_output=True, text=True, cwd="/", env=environ)
    except OSError:
        return None
    found = re.search(r"go version \D*(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else None


@contextmanager
def _signals_held() -> Iterator[Callable[[], None]]:
    # An interrupt while a process starts would leave it behind: nobody knows it yet. It is raised at the release.
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in STOPS}

    def give_back() -> None:
        while before:
            signal.signal(*before.popitem())

    def release() -> None:
        give_back()
        while came:
            signal.raise_signal(came.pop())

    try:
        yield release
    finally:
        give_back()


def _is_news(line: str) -> bool:
    # `go build -v` names each package that it compiles, and each module that it downloads.
    return line.startswith("go: downloading ") or re.fullmatch(r"[\w./~@+-]+", line) is not None


def _failed(doing: str, code: int, tail: list[str]) -> EngineError:
    text = "\n".join(tail)
    for pattern, seen, fix in CAUSES:
        if re.search(pattern, text):
            return EngineError(f"{doing}: {seen}{_quoted(tail[-3:])}", fix)
    return EngineError(f"{doing} failed: go ended with {code}{_quoted(tail)}", f"see what go said; {AGAIN}")


def _quoted(lines: list[str]) -> str:
    return "".join(f"\n  | {line}" for line in lines if line)
