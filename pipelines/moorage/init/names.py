"""What a new project, its pipeline and its package are called."""

import keyword
import re
import sys
from dataclasses import dataclass

from moorage.errors import SpecError

NAME_PATTERN = r"[a-z]([-a-z0-9]{0,30}[a-z0-9])?"
"""What a pipeline's name looks like; the same as in a spec."""

TAKEN = frozenset(
    {"bentoml", "click", "numpy", "pandas", "polars", "pulumi", "pytest", "sklearn", "test", "tests", "yaml"}
)
"""Packages that the new project imports, or may: its own may not hide them."""


@dataclass(frozen=True)
class Names:
    """The name of the project and of its pipeline (`my-wines`), and of its package (`my_wines`)."""

    name: str

    @property
    def package(self) -> str:
        """The Python package that holds the steps."""
        return self.name.replace("-", "_")


def names_for(folder_name: str, asked: str | None) -> Names:
    """Return the names for a project: as asked, else made from its folder's name.

    SpecError for a name that no pipeline may have, or that would hide another package.
    """
    name = asked if asked is not None else _made_from(folder_name)
    if not re.fullmatch(NAME_PATTERN, name):
        given = asked is not None
        seen = f"{name!r} is not a name for a pipeline" if given else f"the folder {folder_name!r} gives no usable name"
        raise SpecError(seen, fix="give one of 1 to 32 lower-case letters, digits and hyphens: --name my-pipeline")
    package = Names(name).package
    if keyword.iskeyword(package) or package in sys.stdlib_module_names | TAKEN or package.startswith("moorage"):
        raise SpecError(f"a package named {package!r} would hide another one", fix=f"--name my-{name[:20].rstrip('-')}")
    return Names(name)


def _made_from(folder_name: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", folder_name.lower()).strip("-")
    return words[:32].rstrip("-")
