"""`python -m tests.engine.build`: find each tool of the engine, or build it into the cache; quick when all is there.

Two at once are safe: the second waits for the first and then finds all done. One that is stopped goes on with
the tool that it had not finished, whose compiled packages Go has kept.
"""

import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from tests.engine.cache import Cache, cache, only_one, publish, sweep
from tests.engine.errors import EngineError
from tests.engine.golang import Go, find_go
from tests.engine.progress import Progress, say, short
from tests.engine.recipe import MANIFESTS, MODULES, TOOLS, Tool, version
from tests.engine.tools import official, passed_over


def build(environ: Mapping[str, str], out: TextIO, modules: Path = MODULES) -> None:
    """Make every tool that is neither official nor in the cache; an EngineError says what is in the way."""
    into = cache(environ, modules)
    ours = _ours(environ, out, modules)
    if not _lacking(into, ours):
        into.touch()
        where = f" in {short(into.folder)}" if ours else ""
        say(out, f"all {len(TOOLS)} tools are here{where}")
        return
    go = find_go(environ)
    with only_one(into.folder.parent, lambda text: say(out, text)), into.scratch() as scratch:
        lacking = _lacking(into, ours)
        progress = Progress(out, len(lacking))
        if lacking:
            _announce(progress, go, into, len(lacking))
        for tool in lacking:
            progress.begin(f"{tool.name} {version(tool, modules)}")
            _make(go, tool, into, scratch, progress, modules)
            progress.end()
        for old in sweep(into):
            progress.say(f"removed {old}, which no build has used for a week")
    say(out, f"all {len(TOOLS)} tools are here, in {short(into.folder)}")


def main() -> int:
    """Return the exit status: 0, 2 after a sentence that says what is missing, 130 when stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that `go` is stopped with us
    try:
        build(os.environ, sys.stderr)
    except EngineError as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"\nerror: {error.filename or 'the cache'}: {error.strerror}", file=sys.stderr)
        print("  fix: name a folder with 1 GiB of room: make engine MOORAGE_ENGINE=/path", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nengine: stopped; `make engine` goes on from here", file=sys.stderr)
        return 130
    return 0


def _ours(environ: Mapping[str, str], out: TextIO, modules: Path) -> list[Tool]:
    ours = []
    for tool in TOOLS:
        if found := official(tool, environ, modules):
            say(out, f"{tool.name} {found.version} is {found.path}")
            continue
        ours.append(tool)
        if note := passed_over(tool, environ, modules):
            say(out, note)
    return ours


def _lacking(into: Cache, ours: list[Tool]) -> list[Tool]:
    return [tool for tool in ours if not into.has(tool)]


def _announce(progress: Progress, go: Go, into: Cache, count: int) -> None:
    some = "1 tool" if count == 1 else f"{count} tools"
    progress.say(f"building {some} with Go {go.version[0]}.{go.version[1]} into {short(into.folder)}")
    if count == len(TOOLS):
        progress.say("the first time takes a quarter of an hour on 2 processors")


def _make(go: Go, tool: Tool, into: Cache, scratch: Path, progress: Progress, modules: Path) -> None:
    made = scratch / tool.name
    go.build(tool, made, progress.heard, modules)
    if wanted := MANIFESTS.get(tool.name):
        copied = scratch / "manifests"
        _copy(go.source(tool, modules) / "config" / "components", wanted, copied)
        publish(copied, into.manifests / tool.name)
    publish(made, into.binary(tool))


def _copy(source: Path, wanted: tuple[str, ...], target: Path) -> None:
    # File by file: the folders of Go's module cache are read-only, and a copy of them would be too.
    for name in wanted:
        place = source / name
        for file in [place] if place.is_file() else sorted(place.rglob("*.yaml")):
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


if __name__ == "__main__":
    raise SystemExit(main())
