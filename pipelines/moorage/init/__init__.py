"""A new project: its files, and writing all of them or none."""

from moorage.init.names import Names, names_for
from moorage.init.write import requirement, write_project

__all__ = ["Names", "names_for", "requirement", "write_project"]
