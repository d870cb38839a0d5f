"""Where the moorage in an image comes from: a wheel, the checkout that this one runs from, or the package index."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from moorage.errors import SpecError, TargetError
from moorage.frozen import Frozen


class Source(Frozen):
    """One version of moorage, and the wheel or the checkout that has it; neither means the package index."""

    version: str
    wheel: Path | None = None
    checkout: Path | None = None

    @property
    def filename(self) -> str | None:
        """The name of the wheel in the build context; None when there is none."""
        if self.wheel is not None:
            return self.wheel.name
        return None if self.checkout is None else f"moorage-{self.version}-py3-none-any.whl"


def source_of(wheel: Path) -> Source:
    """Return a wheel of moorage as a source; SpecError for anything else."""
    named = re.fullmatch(r"moorage-([\w.+!]+)-py3-none-any\.whl", wheel.name)
    if named is None or not wheel.is_file():
        raise SpecError(f"{wheel} is not a wheel of moorage", fix="name one: moorage-VERSION-py3-none-any.whl")
    return Source(named.group(1), wheel=wheel)


def source_here(found: Distribution | None = None) -> Source:
    """Return the moorage that runs here, as an image can have it again.

    TargetError when it was installed from somewhere that cannot be asked again.
    """
    found = found or distribution("moorage")
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    if not origin:
        return Source(found.version)
    folder = Path(unquote(urlsplit(str(origin.get("url"))).path))
    if "dir_info" in origin and (folder / "pyproject.toml").is_file():
        return Source(found.version, checkout=folder)
    raise TargetError(
        f"the moorage here was installed from {origin.get('url')}, which an image cannot be made from",
        fix="give a wheel of it: --moorage moorage-VERSION-py3-none-any.whl",
    )


def put_wheel(source: Source, folder: Path) -> None:
    """Put the wheel of the source into `folder`, built when it comes from a checkout; nothing when it has none.

    TargetError when it cannot be built.
    """
    if source.wheel is not None:
        shutil.copyfile(source.wheel, folder / source.wheel.name)
    elif source.checkout is not None:
        _build(source.checkout, folder.absolute())
        made = [path.name for path in folder.glob("*.whl")]
        if made != [source.filename]:
            seen = f"{source.checkout} makes {', '.join(made)}, and version {source.version} is what runs here"
            raise TargetError(seen, fix=f"pip install -e {source.checkout}")


def _build(checkout: Path, folder: Path) -> None:
    # hatchling at once where it is there; else pip fetches it.
    by_pip = ["pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(checkout)]
    command = ["hatchling", "build", "-t", "wheel", "-d", str(folder)] if find_spec("hatchling") else by_pip
    done = subprocess.run([sys.executable, "-m", *command], cwd=checkout, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        fix = "pip install hatchling, or give a wheel: --moorage moorage-VERSION-py3-none-any.whl"
        raise TargetError(f"no wheel of {checkout} could be built: {said[-1]}", fix=fix)
