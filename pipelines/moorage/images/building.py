"""Build an image with what this machine has, and push it."""

import json
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from moorage.errors import PlatformError, TargetError
from moorage.frozen import Frozen
from moorage.images.builders import BUILDERS, Builder, Job, build_command, inspect_command, push_command
from moorage.images.failures import build_failure, push_failure
from moorage.images.pip_settings import pip_conf, settings_here
from moorage.images.recipe import PIP_SECRET, Recipe, containerfile
from moorage.images.requirements import Requirements
from moorage.images.source import Source, put_wheel

LAST_LINES = 60
"""So many lines of a builder are looked at when it fails."""

Say = Callable[[str], None]
"""Takes one line of what a builder prints."""


class Plan(Frozen):
    """Everything that an image is made from."""

    recipe: Recipe
    requirements: Requirements
    source: Source
    ca_bundle: Path | None = None


class Built(Frozen):
    """An image on this machine: the program that has it, its id, and what it is called there."""

    builder: Builder
    job: Job
    id: str


def write_context(plan: Plan, folder: Path) -> tuple[str, ...]:
    """Write what a build reads into `folder`, which is made, and return the names of the files; nothing else is in it.

    TargetError when moorage's wheel cannot be built.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Containerfile").write_text(containerfile(plan.recipe), encoding="utf-8")
    (folder / "requirements.txt").write_text(plan.requirements.text, encoding="utf-8")
    put_wheel(plan.source, folder)
    return tuple(name for name in ("Containerfile", "requirements.txt", plan.source.filename) if name)


def choose_builder(asked: str | None = None) -> Builder:
    """Return the builder of that name, or else the first one that works here. TargetError when none does."""
    seen: list[str] = []
    for builder in BUILDERS:
        if asked not in (None, builder.name):
            continue
        if (wrong := _not_working(builder)) is None:
            return builder
        seen.append(f"{builder.name}: {wrong}")
    fix = "install one of docker, podman and buildah; or `moorage image render --to DIR`, and build that elsewhere"
    raise TargetError(f"no builder of images works here ({'; '.join(seen)})", fix=fix)


@contextmanager
def built(plan: Plan, builder: Builder, repository: str, say: Say) -> Iterator[Built]:
    """Build the image as `repository` with a tag of its content's own, and yield it, for as long as it may be pushed.

    Raises what `build_failure` makes of a builder that fails.
    """
    with tempfile.TemporaryDirectory(prefix="moorage-image-") as scratch:
        context, secrets = Path(scratch, "context"), Path(scratch, "secrets")
        secrets.mkdir(mode=0o700)
        write_context(plan, context)
        (secrets / PIP_SECRET).write_text(pip_conf(settings_here(), trusts=plan.ca_bundle is not None))
        reference = f"{repository}:{_tag(context, plan.recipe.platform)}"
        job = Job(context, reference, secrets, plan.ca_bundle, plan.recipe.platform)
        code, lines = _streamed(build_command(builder, job), say)
        if code:
            raise build_failure(builder.name, plan.recipe.base, lines)
        yield Built(builder, job, job.id_file.read_text().strip())


def push(image: Built, say: Say) -> str:
    """Push the image and return its reference by digest. Raises what `push_failure` makes of a failure."""
    code, lines = _streamed(push_command(image.builder, image.job), say)
    if code:
        raise push_failure(image.builder.name, image.job.reference, lines)
    repository = image.job.reference.rpartition(":")[0]
    if image.builder.digest_file:
        return f"{repository}@{image.job.digest_file.read_text().strip()}"
    return _inspected(image, repository)


def _inspected(image: Built, repository: str) -> str:
    done = subprocess.run(inspect_command(image.builder, image.job), capture_output=True, text=True, check=False)
    known: list[str] = json.loads(done.stdout or "null") or []
    found = next((reference for reference in known if reference.startswith(f"{repository}@")), None)
    if found is None:
        message = f"{image.builder.name} does not say the digest of what it pushed to {repository}"
        raise PlatformError(message, fix="try again, or use another one: --with podman, --with buildah")
    return found


def _not_working(builder: Builder) -> str | None:
    if which(builder.name) is None:
        return "not installed"
    done = subprocess.run(builder.probe, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if not done.returncode:
        return None
    said = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
    return said[-1].strip()


def _tag(context: Path, platform: str | None) -> str:
    # A registry may refuse to move a tag; other content gets another one.
    from blake3 import blake3

    content = b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in sorted(context.iterdir()))
    return blake3(content + (platform or "").encode()).hexdigest()[:16]


def _streamed(command: list[str], say: Say) -> tuple[int, list[str]]:
    lines: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip("\n"))
            say(lines[-1])
    return process.returncode, list(lines)
