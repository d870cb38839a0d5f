"""The Containerfile of a step's image, as text: pure."""

import shlex
from collections.abc import Iterator

from moorage.frozen import Frozen
from moorage.step.request import STEP_COMMAND

EPOCH_SECONDS = 315_532_800
"""The time of every file in an image, 1980-01-01: the same content is the same image, whenever it was built."""

PLACE = "/opt/moorage"
"""The virtual environment in the image."""

USER = "65532:65532"
"""User and group of a step: numbers that no base image gives to anybody."""

PIP_SECRET, CA_SECRET = "pip-conf", "ca-bundle"
"""What a build may be given for its time only; each lies below /run/secrets under its name, and in no layer."""

_PIP = f"python3 -m pip --python {PLACE} --disable-pip-version-check"
_INSTALL = f"{_PIP} install --no-cache-dir --no-compile --no-input --root-user-action=ignore"
_TRUST = f"export PIP_CERT=/run/secrets/{CA_SECRET} SSL_CERT_FILE=/run/secrets/{CA_SECRET}"
_SAME_TIMES = f"find {PLACE} -exec touch -h -d @{EPOCH_SECONDS} {{}} +"
# Not all that a package ships is valid Python; compileall then ends with 1.
_COMPILE = f"{{ {PLACE}/bin/python3 -m compileall -qq --invalidation-mode unchecked-hash {PLACE}/lib || [ $? = 1 ]; }}"

_HEAD = """\
# {name}: an image that moorage's steps run in; written by `moorage image render`
FROM {base} AS builder
USER 0
WORKDIR /build
ENV SOURCE_DATE_EPOCH={epoch} PIP_CONFIG_FILE=/run/secrets/{pip_secret}
COPY requirements.txt ./
"""

_FINAL = """\
FROM {base}
LABEL org.opencontainers.image.title={name} org.opencontainers.image.base.name={base_name} moorage.version={version}
COPY --from=builder {place} {place}
# A step needs no file of this image to be writable, only /tmp; its user is a number and has no home.
ENV PATH={place}/bin:$PATH HOME=/tmp XDG_CACHE_HOME=/tmp/.cache USER=moorage PYTHONUNBUFFERED=1
WORKDIR /step
USER {user}
ENTRYPOINT []
CMD [{command}]
"""


class Recipe(Frozen):
    """What an image is made from.

    `version` is moorage's; `wheel` is the file that holds it, beside the Containerfile. Without one, moorage comes from
    the package index, or is among the requirements already (`is_pinned`). `trusts` says whether a CA bundle is mounted
    while it is built, `platform` is as in linux/arm64.
    """

    name: str
    base: str
    version: str
    wheel: str | None = None
    is_pinned: bool = False
    platform: str | None = None
    trusts: bool = False


def containerfile(recipe: Recipe) -> str:
    """Return the Containerfile, which Docker (BuildKit), Podman and Buildah read.

    Beside it there must be `requirements.txt`, every line of it with hashes, and the wheel that the recipe names.
    """
    base = f"--platform={recipe.platform} {recipe.base}" if recipe.platform else recipe.base
    head = _HEAD.format(name=recipe.name, base=base, epoch=EPOCH_SECONDS, pip_secret=PIP_SECRET)
    final = _FINAL.format(
        base=base,
        name=_quoted(recipe.name),
        base_name=_quoted(recipe.base),
        version=_quoted(recipe.version),
        place=PLACE,
        user=USER,
        command=", ".join(map(_quoted, STEP_COMMAND)),
    )
    return f"{head}{''.join(_builder(recipe))}\n{final}"


def _builder(recipe: Recipe) -> Iterator[str]:
    install = f"{_INSTALL} --require-hashes -r requirements.txt"
    yield _run(recipe, f"python3 -m venv --without-pip {PLACE}", install)
    if recipe.wheel:
        yield f"COPY {recipe.wheel} ./\n"
    yield _run(recipe, *_moorage(recipe), f"{_PIP} check", _COMPILE, _SAME_TIMES)


def _moorage(recipe: Recipe) -> Iterator[str]:
    if recipe.wheel:
        yield f"{_INSTALL} --no-deps --no-index ./{shlex.quote(recipe.wheel)}"
    elif not recipe.is_pinned:
        yield f"{_INSTALL} --no-deps moorage=={recipe.version}"


def _run(recipe: Recipe, *commands: str) -> str:
    mounts = f"--mount=type=secret,id={PIP_SECRET}"
    if recipe.trusts:
        mounts += f" --mount=type=secret,id={CA_SECRET},required=true"
        commands = (_TRUST, *commands)
    return f"RUN {mounts} \\\n    " + " && \\\n    ".join(commands) + "\n"


def _quoted(text: str) -> str:
    return f'"{text}"'
