"""What `import moorage` offers: the same names at run time and to type checkers, none loaded before it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import moorage

STUB = Path(moorage.__file__).with_suffix(".pyi")


def stated() -> dict[str, str]:
    imports = [node for node in ast.parse(STUB.read_text()).body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: node.module or "" for node in imports for alias in node.names}


def test_the_stub_says_what_there_is() -> None:
    offered = set(vars(moorage)["__all__"])
    assert {*stated(), "__version__"} == offered
    assert offered <= set(dir(moorage))


@pytest.mark.parametrize("name", sorted(stated()))
def test_each_name_is_what_the_stub_says(name: str) -> None:
    module = __import__(stated()[name], fromlist=[name])
    assert getattr(moorage, name) is getattr(module, name)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Piepline'"):
        moorage.__getattr__("Piepline")


def test_importing_it_loads_nothing_but_itself() -> None:
    code = "import sys, moorage; print(*(name for name in sys.modules if name.startswith(('moorage', 'pydantic'))))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["moorage"]
