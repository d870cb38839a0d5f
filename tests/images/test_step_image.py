"""The step image for real: buildah builds and pushes it, and a step runs in it as a platform would run it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage.images.record import newest
from moorage.images.source import put_wheel, source_here
from moorage.plan.images import resolve_image
from moorage.registry import adapter
from moorage.states import State
from moorage.step.paths import request_key
from moorage.store import open_store
from tests.images import container
from tests.images.registry import Registry, serving
from tests.images.storage import Storage, storage
from tests.unit.cli.conftest import Call, call
from tests.unit.images.place import install_platform, write_environment
from tests.unit.step.jobs import Workplace

__all__ = ["call"]
ROOT = Path(__file__).parents[2]
CACHE = Path.home() / ".cache" / "moorage" / "images"
SECRET = "name-of-an-index.example"
USER = 65532
FACTS = """
import importlib.util, os, socket
import moorage.step.request as request

def can_write(folder):
    try:
        open(os.path.join(folder, "x"), "w").close()
        return 1
    except OSError:
        return 0

def step():
    return {
        "user": os.getuid(),
        "writes_root": can_write("/"),
        "writes_environment": can_write("/opt/moorage"),
        "writes_workdir": can_write("/step"),
        "writes_home": can_write(os.environ["HOME"]),
        "networks": len(socket.if_nameindex()) - 1,
        "has_pip": int(importlib.util.find_spec("pip") is not None),
        "is_compiled": int(os.path.exists(request.__cached__)),
    }
"""


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving() as found:
        yield found


@pytest.fixture
def images(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    with storage(registry.address, CACHE) as found:
        for name, value in found.environ.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def project(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(ROOT / "requirements" / "base.txt", folder / "requirements.txt")
    install_platform(tmp_path / "site", monkeypatch)
    write_environment(folder, "team", f"{registry.address}/team")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PIP_TRUSTED_HOST", SECRET)
    return folder


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """Moorage as it is now: nobody's change to the checkout makes the second image another one."""
    (tmp_path / "wheel").mkdir()
    put_wheel(source_here(), tmp_path / "wheel")
    return next((tmp_path / "wheel").iterdir())


@pytest.mark.slow
@pytest.mark.containers
def test_a_step_runs_in_the_image_that_was_built_and_pushed(
    call: Call, project: Path, images: Storage, registry: Registry, wheel: Path, tmp_path: Path
) -> None:
    what = ("--base", images.base(tmp_path), "--moorage", wheel, *trusted())
    built = ("image", "build", "steps", *what, "--with", "buildah", "--push", "-e", "team")
    first = call(*built)
    assert first.code == 0, first.err
    reference = resolve_image(adapter("harbour"), open_store(project / "store"), "steps")
    assert first.out == f"{reference}\n"
    assert f"/v2/team/steps/manifests/{reference.partition('@')[2]}" in registry.manifests

    again = call(*built)
    assert (again.out, again.err.count("Using cache") > 10) == (first.out, True), again.err
    record = newest(open_store(project / "store"), "steps")
    assert record is not None
    assert record.number == 1

    bundle = fetched(images, reference, tmp_path)
    assert left_behind(bundle) == []
    result, said = ran(bundle, tmp_path / "work")
    assert result is not None, said
    assert result.state is State.SUCCEEDED, result
    assert result.outputs["facts"].metrics == {
        "user": USER, "writes_root": 0, "writes_environment": 0, "writes_workdir": 0, "writes_home": 1,
        "networks": 0, "has_pip": 0, "is_compiled": 1,
    }  # fmt: skip


def trusted() -> list[str]:
    """Return the option that makes the build trust what this machine's pip is told to trust."""
    bundle = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    return ["--ca-bundle", bundle] if bundle else []


def fetched(images: Storage, reference: str, folder: Path) -> Path:
    """Return the image, pulled by digest and unpacked."""
    images.buildah("pull", "--quiet", reference)
    images.buildah("push", "--quiet", reference, f"oci:{folder / 'layout'}:steps")
    container.unpack(folder / "layout", "steps", folder / "bundle")
    return folder / "bundle"


def left_behind(bundle: Path) -> list[Path]:
    """Return the files of an image that hold what only its build was given."""
    wanted = [SECRET.encode(), *(Path(path).read_bytes() for path in trusted()[1:])]
    files = [bundle / "config.json", *(path for path in (bundle / "rootfs").rglob("*") if path.is_file())]
    return [path for path in files if any(text in path.read_bytes() for text in wanted)]


def ran(bundle: Path, folder: Path):
    """Return what the step recorded, and what its container printed."""
    folder.mkdir()
    job = Workplace(folder).job(FACTS, outputs={"facts": "metrics"})
    assert job.store.root is not None
    container.give(job.store.root, USER)
    done = container.run(
        bundle, {"MOORAGE_STEP": f"{job.store.uri}/{request_key(job.folder)}"}, job.store.root, f"moorage-{os.getpid()}"
    )
    return job.result(), done.stdout + done.stderr
