"""A step's code is what it can reach: a change elsewhere leaves its digest alone."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from moorage.code import collect, module_digest, step_digest
from moorage.spec import Pipeline

Project = Callable[[Mapping[str, str]], Pipeline]
SPEC = """
name: p
code: [..]
steps:
  - {name: one, run: "acme.one:f", outputs: {m: {kind: model}}}
  - {name: two, run: "acme.two:f"}
  - {name: tell, command: [python, -m, acme.two]}
  - {name: pack, bento: {path: ../svc, model: m}, inputs: {m: one.m}}
"""
BASE = {
    "acme/pipeline.yaml": SPEC,
    "acme/__init__.py": "",
    "acme/one.py": "from acme.shared import x\n",
    "acme/two.py": "import json\n",
    "acme/shared.py": "from . import deep\n",
    "acme/deep/__init__.py": "from .inner import *\n",
    "acme/deep/inner.py": "import lib.tool\n",
    "lib/__init__.py": "",
    "lib/tool.py": "",
    "lib/other.py": "",
    "svc/service.py": "import lib.tool\n",
}


@pytest.fixture
def digests(project: Project, tmp_path: Path) -> Callable[[Mapping[str, str]], dict[str, str]]:
    """Return a function from changed files to the digest of each step."""

    def of(changes: Mapping[str, str]) -> dict[str, str]:
        pipeline = project({**BASE, **changes})
        code = collect(pipeline, tmp_path / "acme")
        return {step.name: step_digest(code, step) for step in pipeline.steps}

    return of


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({}, set()),
        ({"acme/one.py": "from acme.shared import y\n"}, {"one", "tell"}),
        ({"acme/two.py": "import csv\n"}, {"two", "tell"}),
        ({"acme/shared.py": "from . import deep  # new\n"}, {"one", "tell"}),
        ({"acme/deep/inner.py": "import lib.tool  # new\n"}, {"one", "tell"}),
        ({"acme/__init__.py": "# new\n"}, {"one", "two", "tell"}),
        ({"lib/tool.py": "# new\n"}, {"one", "tell", "pack"}),
        ({"lib/__init__.py": "# new\n"}, {"one", "tell", "pack"}),
        ({"lib/other.py": "# new\n"}, {"tell"}),
        ({"acme/new.py": ""}, {"tell"}),
        ({"acme/data.csv": "a\n"}, {"one", "two", "tell"}),
        ({"lib/data.csv": "a\n"}, {"one", "tell", "pack"}),
        ({"svc/service.py": "import lib.tool  # new\n"}, {"pack"}),
        ({"svc/readme.txt": "new\n"}, {"pack"}),
        ({"acme/pipeline.yaml": SPEC + "  # new\n"}, set()),
        ({"acme/pipeline.yaml": SPEC + "include: ['sql/*']\n", "sql/a.sql": "x"}, {"one", "two", "tell", "pack"}),
    ],
)  # fmt: skip
def test_a_change_is_seen_by_those_who_reach_it(
    digests: Callable[[Mapping[str, str]], dict[str, str]], changes: dict[str, str], changed: set[str]
):
    before, after = digests({}), digests(changes)
    assert {name for name in before if before[name] != after[name]} == changed


@pytest.mark.parametrize(
    "text",
    [
        "import importlib\nimportlib.import_module('acme.' + 'two')\n",
        "from importlib import import_module as load\nload('acme.two')\n",
        "__import__('acme.two')\n",
        "exec('import acme.two')\n",
        "from nowhere import *\n",
        "def :\n",
    ],
)
def test_what_cannot_be_known_counts_as_the_whole_package(
    digests: Callable[[Mapping[str, str]], dict[str, str]], text: str
):
    before = digests({"acme/one.py": text})
    after = digests({"acme/one.py": text, "acme/two.py": "# new\n"})
    assert before["one"] != after["one"]


def test_a_warning_about_a_text_is_no_reason(digests: Callable[[Mapping[str, str]], dict[str, str]]):
    text = "x = '\\d'\nif x is 5: pass\n"
    assert digests({"acme/one.py": text})["one"] == digests({"acme/one.py": text, "acme/two.py": "# new\n"})["one"]


def test_a_method_called_exec_is_known_well_enough(digests: Callable[[Mapping[str, str]], dict[str, str]]):
    text = "import importlib.metadata\ncursor.exec('x')\nframe.eval('y')\n"
    assert digests({"acme/one.py": text})["one"] == digests({"acme/one.py": text, "acme/two.py": "# new\n"})["one"]


@pytest.mark.parametrize(
    "text", ["from .two import f", "from acme import two", "import acme.two as t", "def f():\n    import acme.two\n"]
)
def test_every_form_of_import_is_followed(digests: Callable[[Mapping[str, str]], dict[str, str]], text: str):
    before = digests({"acme/one.py": text})
    after = digests({"acme/one.py": text, "acme/two.py": "# new\n"})
    assert before["one"] != after["one"]


def test_modules_that_import_each_other_end(digests: Callable[[Mapping[str, str]], dict[str, str]]):
    assert digests({"acme/two.py": "import acme.one", "acme/one.py": "import acme.two"})


def test_an_installed_function_has_the_digest_of_no_files(project: Project, tmp_path: Path):
    code = collect(project(BASE), tmp_path / "acme")
    assert module_digest(code, "moorage.steps:f") == module_digest(code, "json:dumps")
