"""Which files travel with a run, and that they are the same bytes each time."""

import os
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

import pytest

from moorage.code import bento_path, collect
from moorage.code.files import matching
from moorage.errors import SpecError
from moorage.spec import Pipeline

Project = Callable[[Mapping[str, str]], Pipeline]
SPEC = "name: p\ncode: [..]\nsteps:\n  - {name: s, run: 'acme.steps:f'}\n"
BASE = {"acme/pipeline.yaml": SPEC, "acme/__init__.py": "", "acme/steps.py": "def f(): ...\n"}


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., None]:
    """Return a runner of git in a new repository in the temporary folder."""

    def run(*arguments: str) -> None:
        variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True, env=variables)

    run("init", "-q")
    return run


def names(pipeline: Pipeline, tmp_path: Path) -> list[str]:
    return list(collect(pipeline, tmp_path / "acme").files)


def test_the_steps_package_travels_without_its_spec(project: Project, tmp_path: Path):
    assert names(project({**BASE, "acme/data.csv": "a\n", "other/x.py": ""}), tmp_path) == [
        "acme/__init__.py",
        "acme/data.csv",
        "acme/steps.py",
    ]


def test_packages_that_are_imported_travel_too(project: Project, tmp_path: Path):
    pipeline = project(
        {
            **BASE,
            "acme/steps.py": "def f():\n    from lib.tools import t\n    import single, json, pandas\n",
            "lib/__init__.py": "",
            "lib/tools.py": "import deeper.x as y\n",
            "deeper/x.py": "",
            "single.py": "",
            "unused/__init__.py": "",
        }
    )
    assert {name.split("/")[0] for name in names(pipeline, tmp_path)} == {"acme", "lib", "deeper", "single.py"}


def test_contracts_and_commands_name_packages_too(project: Project, tmp_path: Path):
    spec = (
        "name: p\ncode: [..]\nsteps:\n  - {name: c, command: [python, -m, tool.main]}\n"
        "  - {name: s, run: 'acme.steps:f', outputs: {t: {kind: table, contract: 'rules.c:T'}}}\n"
    )
    pipeline = project({**BASE, "acme/pipeline.yaml": spec, "tool/main.py": "", "rules/c.py": ""})
    assert {name.split("/")[0] for name in names(pipeline, tmp_path)} == {"acme", "tool", "rules"}


def test_moorage_itself_never_travels(project: Project, tmp_path: Path):
    steps = "import moorage\nimport moorage_local\n"
    pipeline = project({**BASE, "acme/steps.py": steps, "moorage/__init__.py": "", "moorage_local/__init__.py": ""})
    assert {name.split("/")[0] for name in names(pipeline, tmp_path)} == {"acme"}


def test_hidden_files_caches_and_specs_stay(project: Project, tmp_path: Path):
    hidden = {"acme/.env": "x", "acme/.git/x.py": "", "acme/__pycache__/s.pyc": "", "acme/old.pyc": ""}
    specs = {"acme/other.yaml": SPEC, "acme/settings.yaml": "a: 1\n"}
    found = names(project({**BASE, **hidden, **specs}), tmp_path)
    assert found == ["acme/__init__.py", "acme/settings.yaml", "acme/steps.py"]


def test_what_git_ignores_stays(project: Project, tmp_path: Path, git: Callable[..., None]):
    pipeline = project(
        {
            **BASE,
            ".gitignore": "secret*\n",
            "acme/secret.txt": "x",
            "acme/new.py": "",
            "acme/gone.py": "",
            "acme/ü.txt": "",
        }
    )
    git("add", "acme/gone.py", "acme/steps.py")
    (tmp_path / "acme" / "gone.py").unlink()
    assert names(pipeline, tmp_path) == ["acme/__init__.py", "acme/new.py", "acme/steps.py", "acme/ü.txt"]


def test_a_folder_that_git_ignores_as_a_whole_is_taken_as_it_is(
    project: Project, tmp_path: Path, git: Callable[..., None]
):
    pipeline = project({f"work/{name}": text for name, text in BASE.items()} | {"acme/pipeline.yaml": SPEC})
    (tmp_path / ".gitignore").write_text("work/\n")
    assert "acme/steps.py" in collect(pipeline, tmp_path / "work" / "acme").files


def test_a_package_that_git_ignores_is_not_there(project: Project, tmp_path: Path, git: Callable[..., None]):
    files = {**BASE, ".gitignore": "lib/\n", "acme/steps.py": "import lib\n", "lib/__init__.py": ""}
    assert names(project(files), tmp_path) == ["acme/__init__.py", "acme/steps.py"]


def test_a_git_that_fails_is_said(project: Project, tmp_path: Path):
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    with pytest.raises(SpecError, match="git cannot say which files"):
        collect(project(BASE), tmp_path / "acme")


def test_the_variables_of_a_git_hook_do_not_mislead(
    project: Project, tmp_path: Path, git: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert "acme/steps.py" in names(project(BASE), tmp_path)


def test_included_globs_are_relative_to_the_source_roots(project: Project, tmp_path: Path):
    spec = SPEC + "include: ['sql/**/*.sql', 'top.txt']\n"
    files = {"sql/a.sql": "", "sql/deep/er/b.sql": "", "sql/c.txt": "", "top.txt": "", "sql/.d.sql": ""}
    found = names(project({**BASE, "acme/pipeline.yaml": spec, **files}), tmp_path)
    assert [name for name in found if not name.startswith("acme/")] == ["sql/a.sql", "sql/deep/er/b.sql", "top.txt"]


def test_a_glob_that_matches_nothing_is_said(project: Project, tmp_path: Path):
    pipeline = project({**BASE, "acme/pipeline.yaml": SPEC + "include: ['../*']\n"})
    with pytest.raises(SpecError, match="matches no file"):
        collect(pipeline, tmp_path / "acme")


@pytest.mark.parametrize(
    ("glob", "matched"),
    [
        ("a/*.py", ["a/x.py"]),
        ("a/**/*.py", ["a/b/c/x.py", "a/b/x.py", "a/x.py"]),
        ("**", ["a/b/c/x.py", "a/b/x.py", "a/x.py", "x.py"]),
        ("**/x.py", ["a/b/c/x.py", "a/b/x.py", "a/x.py", "x.py"]),
        ("?.py", ["x.py"]),
        ("a/[bc]/*", ["a/b/x.py"]),
        ("*", ["x.py"]),
    ],
)
def test_a_star_stays_within_a_folder(glob: str, matched: list[str]):
    assert list(matching(("a/b/c/x.py", "a/b/x.py", "a/x.py", "x.py"), glob)) == matched


def test_a_bentos_context_travels_below_its_step(project: Project, tmp_path: Path):
    spec = (
        "name: p\ncode: [..]\nsteps:\n  - {name: s, run: 'acme.steps:f', outputs: {m: {kind: model}}}\n"
        "  - {name: pack, bento: {path: ../svc/loans, model: m}, inputs: {m: s.m}}\n"
    )
    service = {
        "svc/loans/service.py": "import lib\n",
        "svc/loans/bentofile.yaml": "service: x\n",
        "lib/__init__.py": "",
    }
    pipeline = project({**BASE, "acme/pipeline.yaml": spec, **service})
    assert bento_path(pipeline.step("pack")) == "bentos/pack"
    assert names(pipeline, tmp_path)[2:] == ["bentos/pack/bentofile.yaml", "bentos/pack/service.py", "lib/__init__.py"]


def test_the_same_files_are_the_same_bytes(project: Project, tmp_path: Path):
    pipeline = project(BASE)
    (tmp_path / "acme" / "run.sh").write_text("x")
    (tmp_path / "acme" / "run.sh").chmod(0o755)
    first = collect(pipeline, tmp_path / "acme")
    for path in tmp_path.rglob("*"):
        os.utime(path, (0, 0))
    second = collect(pipeline, tmp_path / "acme")
    assert first == second
    assert first.digest.startswith("blake3:")
    with zipfile.ZipFile(BytesIO(first.data)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert oct(archive.getinfo("acme/run.sh").external_attr >> 16) == "0o100755"


def test_a_known_archive_has_a_known_digest(project: Project, tmp_path: Path):
    code = collect(project(BASE), tmp_path / "acme")
    assert code.digest == "blake3:5012d03b9a4db9d2e0bcdba5fb01c7786e709b2cd411ca11773913330fa33d3d"


@pytest.mark.parametrize("target", ["/etc/hostname", "../../outside.txt", "../lib"])
def test_a_link_that_leads_out_or_to_a_folder_is_refused(project: Project, tmp_path: Path, target: str):
    root = tmp_path / "root"
    pipeline = project({f"root/{name}": text for name, text in BASE.items()} | {"acme/pipeline.yaml": SPEC})
    (tmp_path / "outside.txt").write_text("x")
    (root / "lib").mkdir()
    (root / "acme" / "link").symlink_to(target)
    with pytest.raises(SpecError, match=r"acme/link is a link (that leads out|to a folder)"):
        collect(pipeline, root / "acme")


def test_a_link_to_a_file_inside_is_that_file(project: Project, tmp_path: Path):
    pipeline = project({**BASE, "shared.txt": "hello"})
    (tmp_path / "acme" / "link.txt").symlink_to("../shared.txt")
    assert "acme/link.txt" in names(pipeline, tmp_path)


def test_a_file_that_is_too_large_is_said(project: Project, tmp_path: Path):
    pipeline = project(BASE)
    with (tmp_path / "acme" / "big.bin").open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(SpecError, match="has 65 MiB; a file of code has at most 64"):
        collect(pipeline, tmp_path / "acme")


def test_without_code_the_root_is_the_specs_folder_or_the_one_above_its_package(project: Project, tmp_path: Path):
    inside = project({**BASE, "acme/pipeline.yaml": SPEC.replace("code: [..]\n", "")})
    assert names(inside, tmp_path) == ["acme/__init__.py", "acme/steps.py"]
    spec = "name: p\nsteps:\n  - {name: s, run: 'steps:f'}\n"
    beside = project({**BASE, "acme/pipeline.yaml": spec})
    assert names(beside, tmp_path) == ["steps.py"]


def test_a_source_root_that_is_missing_is_said(project: Project, tmp_path: Path):
    with pytest.raises(SpecError, match="source root 'nowhere' of `code` is no folder"):
        collect(project({**BASE, "acme/pipeline.yaml": SPEC.replace("[..]", "[nowhere]")}), tmp_path / "acme")


def test_the_first_source_root_wins(project: Project, tmp_path: Path):
    pipeline = project(
        {**BASE, "acme/pipeline.yaml": SPEC.replace("[..]", "[../one, ..]"), "one/acme/steps.py": "def f(): ...\n"}
    )
    assert names(pipeline, tmp_path) == ["acme/steps.py"]
