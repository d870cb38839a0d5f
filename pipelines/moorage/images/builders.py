"""The three programs that build images, as command lines: Docker, Podman and Buildah. Pure."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from moorage.frozen import Frozen
from moorage.images.recipe import CA_SECRET, EPOCH_SECONDS, PIP_SECRET

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


class Builder(Frozen):
    """One program: how to ask whether it works here, how it builds, and what its push says the digest with.

    `probe` ends with 0 where the program can build; `digest_file` says whether `push` writes the digest into a file:
    where it does not, `docker image inspect` has it. `forwards` are variables of ours that it must be told by name.
    """

    name: str
    probe: tuple[str, ...]
    build: tuple[str, ...]
    digest_file: bool = True
    forwards: tuple[str, ...] = ()


# Docker's own format would name containers that were there only while the image was built.
_SAME_IMAGE = ("--layers", "--format", "oci", "--timestamp", str(EPOCH_SECONDS))
_PUSH_FORMAT = ("--format", "v2s2")  # which every registry and platform takes, as `docker push` makes it

BUILDERS = (
    Builder(
        "docker",
        ("docker", "version", "--format", "{{.Server.Version}}"),
        # An attestation would make an index of the image, which some platforms refuse, and name the time of the build.
        (
            "docker",
            "buildx",
            "build",
            "--load",
            "--provenance=false",
            "--build-arg",
            f"SOURCE_DATE_EPOCH={EPOCH_SECONDS}",
        ),
        digest_file=False,
        forwards=PROXIES,
    ),
    Builder("podman", ("podman", "info"), ("podman", "build", *_SAME_IMAGE)),
    Builder("buildah", ("buildah", "info"), ("buildah", "bud", "--identity-label=false", *_SAME_IMAGE)),
)
"""In the order in which they are looked for."""


class Job(Frozen):
    """One build: the folder with the Containerfile, what the image is called, and what only the build may read.

    `secrets` is a folder beside it, with `pip-conf` in it; `ca_bundle` is a file of this machine.
    """

    context: Path
    reference: str
    secrets: Path
    ca_bundle: Path | None = None
    platform: str | None = None

    @property
    def id_file(self) -> Path:
        """Where the builder writes the image's id."""
        return self.secrets / "image-id"

    @property
    def digest_file(self) -> Path:
        """Where the builder writes the digest of what it pushed, if it does."""
        return self.secrets / "digest"


def build_command(builder: Builder, job: Job, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the command that builds the image; no secret is in it, only where one lies."""
    return [*builder.build, *_options(builder, job, environ), str(job.context)]


def push_command(builder: Builder, job: Job) -> list[str]:
    """Return the command that brings the image to its registry."""
    options = [*_PUSH_FORMAT, "--digestfile", str(job.digest_file)] if builder.digest_file else []
    return [builder.name, "push", *options, job.reference]


def inspect_command(builder: Builder, job: Job) -> list[str]:
    """Return the command that prints the references by digest that the builder knows of a pushed image, as JSON."""
    return [builder.name, "image", "inspect", "--format", "{{json .RepoDigests}}", job.reference]


def _options(builder: Builder, job: Job, environ: Mapping[str, str]) -> Iterator[str]:
    yield from ("--file", str(job.context / "Containerfile"), "--tag", job.reference, "--iidfile", str(job.id_file))
    yield from ("--secret", f"id={PIP_SECRET},src={job.secrets / PIP_SECRET}")
    if job.ca_bundle is not None:
        yield from ("--secret", f"id={CA_SECRET},src={job.ca_bundle}")
    if job.platform is not None:
        yield from ("--platform", job.platform)
    for name in builder.forwards:
        if environ.get(name):
            yield from ("--build-arg", name)
