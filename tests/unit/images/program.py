"""A program that builds and pushes images, under the name docker, podman or buildah: options and words of the real one.

It keeps what it built in the folder `STATE`, refuses options that the real one has not, a base image that is no
`python` one, and a registry that nobody logged in to. `state/builds.json` says what each build was given.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

NAME = Path(sys.argv[0]).name
STATE = Path(sys.argv[0]).parent.parent / "state"
FAILURE = "failure.txt"


def main() -> int:
    STATE.mkdir(exist_ok=True)
    match sys.argv[1:]:
        case ["version" | "info", *_]:
            return _probe()
        case ["buildx", "build", *rest] if NAME == "docker":
            return _build(rest)
        case ["build", *rest] if NAME == "podman":
            return _build(rest)
        case ["bud", *rest] if NAME == "buildah":
            return _build(rest)
        case ["push", *rest]:
            return _push(rest)
        case ["image", "inspect", "--format", "{{json .RepoDigests}}", reference] if NAME == "docker":
            print(json.dumps([f"other/place@sha256:{'0' * 64}", *_read("pushed.json").get(reference, [])]))
            return 0
    return _refuse(f"unknown command {sys.argv[1:]}")


def _probe() -> int:
    if (STATE / "broken").exists():
        return _refuse(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
        )
    print("28.2.2")
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=True)
    for option in ("--file", "--tag", "--iidfile", "--platform"):
        parser.add_argument(option)
    parser.add_argument("--secret", action="append", default=[])
    parser.add_argument("context", type=Path)
    if NAME == "docker":
        parser.add_argument("--load", action="store_true")
        parser.add_argument("--provenance")
        parser.add_argument("--build-arg", action="append", default=[])
        return parser
    parser.add_argument("--layers", action="store_true")
    parser.add_argument("--format", choices=("oci", "docker"))
    parser.add_argument("--timestamp", type=int)
    if NAME == "buildah":
        parser.add_argument("--identity-label")
    return parser


def _build(arguments: list[str]) -> int:
    asked = _options().parse_args(arguments)
    secrets = dict(part.removeprefix("id=").split(",src=") for part in asked.secret)
    files = {path.name: path.read_text(errors="replace") for path in asked.context.iterdir()}
    text = Path(asked.file).read_text()
    print(f"STEP 1: {text.splitlines()[1]}")
    if (STATE / FAILURE).exists():
        print((STATE / FAILURE).read_text())
        return _refuse('building at STEP "RUN python3 -m pip": exit status 1')
    if " python:" not in text:
        return _refuse("creating build container: initializing source docker://nowhere:1: manifest unknown")
    said = {name: Path(source).read_text() for name, source in secrets.items()}
    _write("builds.json", {"arguments": arguments, "files": files, "secrets": said, "environ": dict(os.environ)})
    identity = "sha256:" + hashlib.sha256(json.dumps(files).encode()).hexdigest()
    Path(asked.iidfile).write_text(identity)
    _write("images.json", {**_read("images.json"), asked.tag: identity})
    return 0


def _push(arguments: list[str]) -> int:
    *options, reference = arguments
    if reference not in _read("images.json"):
        return _refuse(f"{reference}: image not known")
    if not reference.startswith("registry.example/"):
        return _refuse("denied: requested access to the resource is denied")
    digest = "sha256:" + hashlib.sha256(_read("images.json")[reference].encode()).hexdigest()
    if NAME == "docker":
        if options:
            return _refuse(f"unknown flag: {options[0]}")
        _write("pushed.json", {reference: [f"{reference.rpartition(':')[0]}@{digest}"]})
        return 0
    if options[:2] != ["--format", "v2s2"] or options[2] != "--digestfile":
        return _refuse(f"unknown flag: {options}")
    Path(options[3]).write_text(digest)
    return 0


def _refuse(text: str) -> int:
    print(f"Error: {text}", file=sys.stderr)
    return 125


def _read(name: str) -> dict[str, Any]:
    path = STATE / name
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _write(name: str, value: object) -> None:
    (STATE / name).write_text(json.dumps(value))


if __name__ == "__main__":
    sys.exit(main())
