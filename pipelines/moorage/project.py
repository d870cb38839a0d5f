"""Where a project begins: the folder that holds `.moorage`."""

from pathlib import Path

_SIGNS = ("Pulumi.yaml", "pyproject.toml", ".git")


def find_root(start: Path) -> Path:
    """Return the project folder for work in `start`.

    That is the nearest folder at or above it with `.moorage`; else the nearest with Pulumi.yaml,
    pyproject.toml or .git; else `start` itself.
    """
    here = start.absolute()
    above = (here, *here.parents)
    for signs in ((".moorage",), _SIGNS):
        for folder in above:
            if any((folder / sign).exists() for sign in signs):
                return folder
    return here
