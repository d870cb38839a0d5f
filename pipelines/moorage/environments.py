"""Environments: the documents that `pulumi up` exports and `env pull` keeps, and `local`, which needs none."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StringConstraints, TypeAdapter, ValidationError

from moorage.errors import MoorageError, Problem, SpecError, TargetError, Where
from moorage.ports import BuiltIn, Target
from moorage.registry import adapter
from moorage.spec.models import Model
from moorage.store.address import parse_address

LOCAL = "local"
"""The environment that is always there: this machine."""

SCHEMA = 1
"""The version of the document that this moorage reads and writes."""

EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""A DNS-like label of 1 to 63 characters: it is written on every job as a tag."""


class Environment(Model):
    """One provisioned place; `target` is what the platform's own model wrote (see `target_of`).

    `registry` is where its images are, as in `registry.example/team`, for the one who pushes them.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    name: EnvironmentName
    platform: str
    target: Mapping[str, JsonValue]
    store: Annotated[str, Field(min_length=1)]
    labels: Mapping[str, str] = {}
    registry: str | None = None


def load_environment(name: str, project: Path, environ: Mapping[str, str] = os.environ) -> Environment:
    """Return the environment of that name, as the project in that folder knows it.

    Raises SpecError when there is none, TargetError when its document cannot be used.
    """
    if name == LOCAL:
        return _here(project, environ)
    path = _folder(project) / f"{name}.json"
    if name not in list_environments(project):
        raise _unknown(name, project)
    found = _checked(_read(path), path)
    if found.name != name:
        raise TargetError(f"it is the document of {found.name!r}", where=Where(str(path)), fix=_pull(name))
    return found


def list_environments(project: Path) -> tuple[str, ...]:
    """Return the names that `load_environment` finds, `local` first."""
    names = sorted(path.stem for path in _folder(project).glob("*.json") if _is_name(path.stem))
    return LOCAL, *(name for name in names if name != LOCAL)


def save_environment(document: Mapping[str, object], project: Path) -> Environment:
    """Keep a stack's document for `load_environment`, whole or not at all, and return it.

    Raises TargetError when it is not one that this moorage can use; nothing is written then.
    """
    found = _checked(document, None)
    if found.name == LOCAL:
        raise TargetError("`local` is built in and has no document", fix="give the stack another name")
    folder = _folder(project)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / f"{found.name}.json", found.model_dump_json(by_alias=True, indent=2) + "\n")
    return found


def target_of(environment: Environment) -> Target:
    """Return the platform's part of the environment, as the model of its adapter."""
    return adapter(environment.platform).Target.model_validate(environment.target)


def _here(project: Path, environ: Mapping[str, str]) -> Environment:
    platform = adapter(LOCAL)
    if not isinstance(platform, BuiltIn):
        raise TargetError("the installed `local` adapter is not built in", fix="pip install --upgrade moorage")
    target = platform.here(project).model_dump(mode="json")
    # Constructed, not validated: it is right, and building the validator takes longer than all else here.
    return Environment.model_construct(name=LOCAL, platform=LOCAL, target=target, store=_store(project, environ))


def _store(project: Path, environ: Mapping[str, str]) -> str:
    return parse_address(environ.get("MOORAGE_STORE") or project / ".moorage" / "store").uri


def _folder(project: Path) -> Path:
    return project / ".moorage" / "environments"


def _is_name(text: str) -> bool:
    try:
        TypeAdapter(EnvironmentName).validate_python(text)
    except ValidationError:
        return False
    return True


def _pull(name: str) -> str:
    return f"moorage env pull {name}"


def _unknown(name: str, project: Path) -> SpecError:
    names = list_environments(project)
    near = get_close_matches(name, names, n=1)
    ways = f"{_pull(name)}, or make it: moorage env up {name}" if (project / "Pulumi.yaml").is_file() else _pull(name)
    fix = f"write {near[0]!r}, or: {ways}" if near else ways
    return SpecError(f"no environment is named {name!r}; there is {', '.join(names)}", fix=fix)


def _read(path: Path) -> object:
    where = Where(str(path))
    try:
        return json.loads(path.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TargetError(f"the document is not JSON ({error})", where=where, fix=_pull(path.stem)) from error
    except OSError as error:
        raise TargetError(f"the document cannot be read ({error.strerror})", where=where) from error


def _checked(document: object, path: Path | None) -> Environment:
    where = Where(str(path)) if path else None
    fix = _pull(path.stem) if path else "export it as the `environment` of moorage's own component"
    if not isinstance(document, Mapping):
        raise TargetError("the environment's document is not an object", where=where, fix=fix)
    if document.get("schema") != SCHEMA:
        message = f"the environment's document has schema {document.get('schema')!r}; this moorage reads {SCHEMA}"
        raise TargetError(message, where=where, fix=f"pip install --upgrade moorage, or: {fix}")
    with _naming("", where, fix):
        found = Environment.model_validate(dict(document))
    with _naming("store", where, fix):
        parse_address(found.store)
    with _naming("platform", where, fix):
        platform = adapter(found.platform)
    with _naming("target", where, fix):
        platform.Target.model_validate(found.target)
    return found


@contextmanager
def _naming(key: str, where: Where | None, fix: str) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise TargetError.of(_problems(error, key, where, fix)) from error
    except MoorageError as error:
        first = error.problems[0]
        message = f"the environment's `{key}`: {first.message}"
        raise TargetError(message, where=where, fix=first.fix or fix) from error


def _problems(error: ValidationError, key: str, where: Where | None, fix: str) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        path = ".".join(map(str, filter(None, (key, *item["loc"])))) or "document"
        yield Problem(f"the environment's `{path}`: {_sentence(item)}", where, fix)


def _sentence(item: Mapping[str, Any]) -> str:
    said = item["msg"].removeprefix("Value error, ")
    seen = item["input"]
    shown = f"; it is {seen!r}" if isinstance(seen, str | int | float | None) and repr(seen) not in said else ""
    return f"{said[:1].lower()}{said[1:]}{shown}"


def _write(path: Path, text: str) -> None:
    import tempfile  # here: a run writes none

    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        whole = Path(scratch) / path.name
        whole.write_text(text, encoding="utf-8")
        whole.replace(path)
