"""What `check` says of the code that a spec names, without importing any of it."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from moorage.code import problems_in_code
from moorage.spec import Pipeline

Project = Callable[[Mapping[str, str]], Pipeline]
STEPS = """
import functools
from acme.helpers import helped
from acme import helpers as other
from json import dumps

raise RuntimeError("check must not run this")

def plain(rows, seed=1, *, limit): ...
def nothing(): ...
def only(rows, /): ...
def anything(**values): ...
async def later(rows): ...

@functools.cache
def decorated(x): ...

class Callable_:
    def __call__(self, rows): ...

made = functools.partial(plain, 1)
if made:
    def inside(rows): ...
try:
    from fast import quick
except ImportError:
    def quick(rows): ...
"""
FILES = {
    "acme/__init__.py": "",
    "acme/steps.py": STEPS,
    "acme/helpers.py": "def helped(rows): ...\nfrom acme.steps import circle\n",
    "acme/open.py": "from nowhere import *\n",
    "acme/lazy.py": "def __getattr__(name): ...\n",
    "acme/broken.py": "def f(:\n",
    "acme/contracts.py": "import pandera\nclass Loans(pandera.DataFrameModel): ...\nschema = 1\ndef check(): ...\n",
    "svc/service.py": "",
    "empty/readme.txt": "",
}


@pytest.fixture
def said(project: Project, tmp_path: Path) -> Callable[[str], str]:
    """Return what is said about one step, given as flow YAML."""

    def of(step: str, top: str = "code: [..]") -> str:
        pipeline = project({**FILES, "acme/pipeline.yaml": f"name: p\n{top}\nsteps:\n  - {{name: s, {step}}}\n"})
        source = tmp_path / "acme" / "pipeline.yaml"
        before = set(sys.modules)
        problems = problems_in_code(pipeline, source.parent, source)
        assert not {name for name in set(sys.modules) - before if name.startswith("acme")}
        assert all(problem.where and problem.where.line and problem.fix for problem in problems)
        return "\n".join(str(problem).removeprefix(f"{source}:") for problem in problems)

    return of


@pytest.mark.parametrize(
    "step",
    [
        "run: 'acme.steps:plain', parameters: {rows: 1, limit: 2}",
        "run: 'acme.steps:plain', parameters: {rows: 1, seed: 3}, outputs: {limit: {kind: file}}",
        "run: 'acme.steps:plain', parameters: {limit: 2}, inputs: {rows: {uri: 's3://b/k', kind: table}}",
        "run: 'acme.steps:nothing'",
        "run: 'acme.steps:nothing', outputs: {t: {kind: table}}",
        "run: 'acme.steps:nothing', inputs: {x: {uri: null, kind: table}}",
        "run: 'acme.steps:anything', parameters: {a: 1, b: 2}",
        "run: 'acme.steps:decorated', parameters: {a: 1, b: 2}",
        "run: 'acme.steps:Callable_', parameters: {rows: 1}",
        "run: 'acme.steps:made', parameters: {rows: 1}",
        "run: 'acme.steps:inside', parameters: {rows: 1}",
        "run: 'acme.steps:quick', parameters: {rows: 1}",
        "run: 'acme.steps:helped', parameters: {rows: 1}",
        "run: 'acme.steps:dumps', parameters: {rows: 1}",
        "run: 'acme.open:anything'",
        "run: 'acme.lazy:anything'",
        "run: 'json:dumps', parameters: {obj: 1}",
        "run: 'moorage.steps:anything'",
        "command: [python, -m, nowhere]",
        "run: 'acme.steps:nothing', outputs: {t: {kind: table, contract: 'acme.contracts:Loans'}}",
        "run: 'acme.steps:nothing', outputs: {t: {kind: table, contract: 'acme.contracts:schema'}}",
        "bento: {path: ../svc, model: m}, inputs: {m: {uri: m.joblib, kind: model}}",
    ],
)
def test_what_fits_is_well(said: Callable[..., str], step: str):
    assert said(step) == ""


@pytest.mark.parametrize(
    ("step", "place", "seen", "fix"),
    [
        ("run: 'acme.stepz:plain'", "4:20", "names module 'acme.stepz', which is not there", "'acme.steps'"),
        ("run: 'acne.steps:plain'", "4:20", "names package 'acne', which is neither below", "'acme'"),
        ("run: 'acme.steps:plian'", "4:20", "module 'acme.steps' has no 'plian'", "'plain'"),
        ("run: 'acme.steps.plain:f'", "4:20", "names module 'acme.steps.plain'", "acme.steps"),
        ("run: 'acme.helpers:circle'", "4:20", "module 'acme.steps' has no 'circle'", "known here: "),
        ("run: 'acme.steps:other'", "4:20", "is the module 'acme.helpers'", "`acme.helpers:name`"),
        ("run: 'acme.broken:f'", "4:20", "is not Python that can be parsed", "correct it"),
        ("run: 'acme.steps:plain', parameters: {rows: 1}", "4:20", "needs 'limit', which step 's' does not", "default"),
        ("run: 'acme.steps:plain', parameters: {rows: 1, limit: 1, sed: 2}", "4:72", "gives 'sed', which", "'seed'"),
        ("run: 'acme.steps:nothing', parameters: {rows: 1}", "4:55", "gives 'rows', which", "add the argument"),
        ("run: 'acme.steps:only', parameters: {rows: 1}", "4:52", "takes 'rows' by position only", "the `/`"),
        ("run: 'acme.steps:later', parameters: {row: 1}", "4:53", "gives 'row', which", "'rows'"),
        ("run: 'acme.steps:helped'", "4:20", "needs 'rows'", "default"),
        ("run: 'acme.steps:inside', inputs: {rows: {uri: null, kind: table}}", "4:20", "needs 'rows'", "default"),
        ("run: 'acme.steps:nothing', outputs: {t: {kind: table, contract: 'acme.contracts:Loan'}}", "4:79",
         "module 'acme.contracts' has no 'Loan'", "'Loans'"),
        ("run: 'acme.steps:nothing', outputs: {t: {kind: table, contract: 'acme.contracts:check'}}", "4:79",
         "is a function", "name a schema"),
        ("run: 'acme.steps:anything', inputs: {t: {uri: x, kind: table, contract: 'no.contracts:X'}}", "4:87",
         "names package 'no'", "known here"),
        ("bento: {path: ../nowhere, model: m}, inputs: {m: {uri: x, kind: model}}", "4:29", "is no folder", "correct"),
        ("bento: {path: ../empty, model: m}, inputs: {m: {uri: x, kind: model}}", "4:29", "no service.py", "add a"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(said: Callable[..., str], step: str, place: str, seen: str, fix: str):
    text = said(step)
    assert text.startswith(f"{place}: ")
    assert seen in text
    assert fix in text.partition("fix: ")[2]


def test_a_source_root_or_a_glob_that_is_wrong_is_said(said: Callable[..., str]):
    assert said("run: 'acme.steps:nothing'", "code: [.., nowhere]").startswith("2:12: ")
    assert "glob '*.sql' matches no file" in said("run: 'acme.steps:nothing'", "code: [..]\ninclude: ['*.sql']")


def test_all_of_it_is_said_at_once(said: Callable[..., str]):
    text = said("run: 'acme.steps:plain', parameters: {a: 1, b: 2}")
    assert text.count("fix: ") == 4


def test_a_package_of_the_folder_that_we_are_in_is_not_installed(
    said: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "elsewhere" / "localpack").mkdir(parents=True)
    (tmp_path / "elsewhere" / "localpack" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    assert "names package 'localpack', which is neither" in said("run: 'localpack.x:f'", "code: [.]")
