"""One thing that is wrong with a spec, by its path in the tree; a file's positions are added later."""

from collections.abc import Iterable, Mapping

from moorage.errors import Problem, Where
from moorage.frozen import Frozen

Path = tuple[str | int, ...]
"""Keys and indexes from the top of the spec: `("steps", 3, "timeout", "run")`."""


class Finding(Frozen):
    """What was seen at `path` and how to put it right; `at_key` points to the key, not to its value."""

    path: Path
    message: str
    fix: str | None = None
    at_key: bool = False

    def problem(self, where: Where | None = None) -> Problem:
        """Return it with its place in a file, or without one for a spec that was never in a file."""
        return Problem(self.message, where, self.fix)


def place(path: Path, tree: object) -> str:
    """Return `path` in words: "`timeout.run` of step 'train'"; the step's name is read from `tree`."""
    if len(path) >= 2 and path[0] == "steps" and isinstance(path[1], int):
        return _of(path[2:], _step(path[1], tree))
    return _of(path, "the pipeline")


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """Return a fix that names the nearest of `known`, or lists them, or `otherwise` when there is none."""
    import difflib  # here: most specs have no mistakes

    names = sorted(set(known))
    if near := difflib.get_close_matches(name, names, n=1, cutoff=0.6):
        return f"did you mean {near[0]!r}?"
    if not names:
        return otherwise
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known here: {shown}"


def shown(value: object) -> str:
    """Return `value` as a person would write it, cut when long."""
    words = {None: "nothing", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _of(path: Path, owner: str) -> str:
    inner = ".".join(str(part) for part in path)
    return f"`{inner}` of {owner}" if inner else owner


def _step(index: int, tree: object) -> str:
    steps = tree.get("steps") if isinstance(tree, Mapping) else None
    step = steps[index] if isinstance(steps, list | tuple) and index < len(steps) else None
    name = step.get("name") if isinstance(step, Mapping) else getattr(step, "name", None)
    return f"step {name!r}" if isinstance(name, str) else f"step {index + 1}"
