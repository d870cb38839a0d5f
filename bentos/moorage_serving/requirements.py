"""What a Bento's image installs: exactly the versions that the model was trained and packaged with."""

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from moorage.errors import SpecError

WANTED = "requirements.in"
"""What a service needs besides moorage, written by its author: one requirement per line."""
REQUIREMENTS = "requirements.txt"
"""The same with exact versions, written by `render`."""
_BASE = ("blake3", "pydantic")
"""What the code that serves imports of moorage's own base; the rest of that is for pipelines."""


def pinned(context: Path) -> Mapping[str, str]:
    """Return name to installed version of what the service in `context` and moorage itself need.

    A pickled model is only safe to load with the library that wrote it, so nothing is left open.
    Raises SpecError for a requirement that is not installed here.
    """
    wanted = context / WANTED
    lines = wanted.read_text(encoding="utf-8").splitlines() if wanted.is_file() else []
    asked = _names(line.partition("#")[0].strip() for line in lines)
    found = {name: _installed(name, wanted) for name in asked}
    for name in _names(_own_requirements()):
        try:
            found.setdefault(name, version(name))
        except PackageNotFoundError:  # moorage runs without it here, so it will there
            continue
    return dict(sorted(found.items()))


def write_requirements(packages: Mapping[str, str], folder: Path) -> None:
    """Write `requirements.txt` in `folder`."""
    # BentoML adds itself, whatever is there.
    lines = [f"{name}=={number}\n" for name, number in packages.items() if name != "bentoml"]
    (folder / REQUIREMENTS).write_text("".join(lines), encoding="utf-8")


def _own_requirements() -> Iterable[str]:
    from packaging.requirements import Requirement

    for text in requires("moorage") or ():
        marker = Requirement(text).marker
        if Requirement(text).name in _BASE if marker is None else marker.evaluate({"extra": "serve"}):
            yield text


def _names(texts: Iterable[str]) -> Iterable[str]:
    from packaging.requirements import InvalidRequirement, Requirement

    for text in filter(None, texts):
        try:
            yield Requirement(text).name
        except InvalidRequirement as error:
            raise SpecError(f"{WANTED} has {text!r}, which is not a requirement: {error}", fix=_FORM) from error


_FORM = "write one package per line, as in: scikit-learn"


def _installed(name: str, wanted: Path) -> str:
    try:
        return version(name)
    except PackageNotFoundError as error:
        message = f"{wanted} asks for {name}, which is not installed here, so its version is not known"
        raise SpecError(message, fix=f"pip install {name}, or take it out of {WANTED}") from error
