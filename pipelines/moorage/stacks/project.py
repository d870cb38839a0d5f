"""The Pulumi project around `moorage env`: where a stack's file is, and what it says of its environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moorage.errors import NotFound, SpecError, TargetError, Where
from moorage.frozen import Frozen

KEY = "environment"
"""The key, in the project's namespace of a stack's file, under which an environment is described."""


class StackFile(Frozen):
    """One stack as its files say it: `settings` describes its environment, `said` is the whole file.

    `virtualenv` is the folder of the interpreter that runs the program; None where the project does not say.
    """

    root: Path
    project: str
    name: str
    path: Path
    said: Mapping[str, Any]
    settings: Mapping[str, Any]
    virtualenv: Path | None

    @property
    def platform(self) -> str:
        """The platform that the settings name."""
        platform = self.settings.get("platform")
        if not isinstance(platform, str):
            key = f"{self.project}:{KEY}"
            raise TargetError(f"`{key}` names no platform", where=Where(str(self.path)), fix="add `platform:` to it")
        return platform


def stack_file(name: str, root: Path) -> StackFile:
    """Return what the project in the folder `root` says of a stack.

    Raises NotFound when there is no such project, SpecError when it has no such stack, TargetError when one of the
    files cannot be used.
    """
    project = _mapping(
        root / "Pulumi.yaml", f"there is no Pulumi project in {root}", "run this in a project that has one"
    )
    folder = root / str(project.get("stackConfigDir") or "")
    path = folder / f"Pulumi.{name}.yaml"
    if not path.is_file():
        raise _no_stack(name, path)
    said = _mapping(path, "", "")
    title = str(project.get("name"))
    config = said.get("config") or {}
    settings = config.get(f"{title}:{KEY}", config.get(KEY)) if isinstance(config, dict) else None
    if not isinstance(settings, dict):
        where = Where(str(path))
        raise TargetError(f"it has no `{title}:{KEY}`", where=where, fix="say there which platform it is, and how")
    return StackFile(root, title, name, path, said, settings, _virtualenv(project, root))


def _virtualenv(project: Mapping[str, Any], root: Path) -> Path | None:
    runtime = project.get("runtime")
    options = runtime.get("options") if isinstance(runtime, dict) else None
    named = options.get("virtualenv") if isinstance(options, dict) else None
    return root / str(named) if named else None


def _no_stack(name: str, path: Path) -> SpecError:
    from difflib import get_close_matches

    names = [
        file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in sorted(path.parent.glob("Pulumi.*.yaml"))
    ]
    near = get_close_matches(name, names, n=1)
    fix = f"write {near[0]!r}" if near else f"write {path}, or name one that is there"
    return SpecError(f"no stack is named {name!r}; there is {', '.join(names) or 'none'}", fix=fix)


def _mapping(path: Path, missing: str, fix: str) -> Mapping[str, Any]:
    import yaml

    where = Where(str(path))
    try:
        found = yaml.safe_load(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound(missing, fix=fix) from error
    except OSError as error:
        raise TargetError(f"it cannot be read ({error.strerror})", where=where, fix="look at its rights") from error
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = Where(str(path), None if line is None else line + 1)
        raise TargetError(f"it is not YAML ({getattr(error, 'problem', error)})", where=where, fix="mend it") from error
    if not isinstance(found, dict):
        raise TargetError("it is no mapping", where=where, fix="write `key: value` lines")
    return found
