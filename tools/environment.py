"""Keep `.venv` equal to `requirements/` and `pyproject.toml`; costs nothing while they are unchanged.

Runs on the system's Python with its standard library only. pip brings a hash-pinned uv into a new
environment and uv brings the rest, from the index that pip is set to use.
"""

import ast
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "moorage.stamp"
TOOLS = ROOT / "requirements" / "tools.txt"
DEVELOPMENT = ROOT / "requirements" / "dev.txt"
INPUTS = (TOOLS, DEVELOPMENT, ROOT / "pyproject.toml")


class SetupError(Exception):
    """The machine lacks something; the text ends with what to do."""


def fingerprint(inputs: Iterable[Path], interpreter: str) -> str:
    """Return two words: what an environment is made for (its place and interpreter) and what is in it."""
    place = hashlib.sha256(f"{ROOT}\n{interpreter}".encode()).hexdigest()
    content = hashlib.sha256(b"\0".join(path.read_bytes() for path in inputs)).hexdigest()
    return f"{place} {content}\n"


def uv_settings(pip: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make uv use the index, the links and the certificates that pip is set to use.

    `pip` is what `pip config list` says. A variable of uv's own that is already set is left alone.
    """
    links = [link for link in _setting(pip, "find-links").split() if "://" in link or Path(link).is_dir()]
    wanted = {
        "UV_DEFAULT_INDEX": _setting(pip, "index-url"),
        "UV_INDEX": " ".join(_setting(pip, "extra-index-url").split()),
        "UV_FIND_LINKS": ",".join(links),
        "UV_INSECURE_HOST": " ".join(_setting(pip, "trusted-host").split()),
        "UV_NO_INDEX": "1" if _setting(pip, "no-index").lower() in ("1", "true", "yes", "on") else "",
        "UV_HTTP_TIMEOUT": _setting(pip, "timeout") or _setting(pip, "default-timeout"),
        "SSL_CERT_FILE": _setting(pip, "cert"),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    return {name: value for name, value in wanted.items() if value and name not in environ}


def pip_config(python: str) -> dict[str, str]:
    """Return what pip is set to: `global.index-url` or `:env:.index-url` to its value."""
    listing = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    pairs = (line.partition("=") for line in listing.splitlines() if "=" in line)
    return {name: str(ast.literal_eval(value)) for name, _, value in pairs}


def bring_up_to_date() -> None:
    """Make or update `.venv`; does nothing when its stamp says that it is as wanted."""
    interpreter = f"{sys.version} {sys.base_prefix}"
    wanted = fingerprint(INPUTS, interpreter)
    found = STAMP.read_text() if STAMP.is_file() else ""
    if found == wanted:
        return
    if found.split(" ")[0] != wanted.split(" ")[0]:
        _create()
    STAMP.unlink(missing_ok=True)
    _install()
    # The stamp comes last and at once: an environment without one is half-made, and is made again.
    partial = STAMP.with_suffix(".partial")
    partial.write_text(wanted)
    partial.replace(STAMP)


def main() -> int:
    """Return the exit status: 0, or 2 after a sentence that says what is missing."""
    try:
        bring_up_to_date()
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _setting(pip: Mapping[str, str], name: str) -> str:
    # pip's own order: the environment, then what is set for `pip install`, then for all commands.
    return pip.get(f":env:.{name}") or pip.get(f"install.{name}") or pip.get(f"global.{name}") or ""


def _create() -> None:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise SetupError(
            f"{sys.executable} cannot make virtual environments: it has no `venv` or no `ensurepip`\n"
            "  fix: apt-get install python3-venv (as root), or name another: make PYTHON=/path/to/python3"
        )
    _say(f"making .venv with Python {sys.version.split()[0]}")
    _run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], os.environ)


def _install() -> None:
    _say("installing the requirements; the first time takes a minute or two")
    python = str(ENVIRONMENT / "bin" / "python")
    environ = {**os.environ, **uv_settings(pip_config(python), os.environ)}
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    _run([python, "-m", "pip", "install", *quiet, "--require-hashes", "--requirement", str(TOOLS)], os.environ)
    uv = [str(ENVIRONMENT / "bin" / "uv"), "pip"]
    options = ["--quiet", "--python", python]
    files = [str(TOOLS), str(DEVELOPMENT)]
    _run([*uv, "sync", *options, "--require-hashes", "--compile-bytecode", *files], environ)
    editable = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    _run([*uv, "install", *options, *editable], environ)


def _run(command: list[str], environ: Mapping[str, str]) -> None:
    # Its own output says what is wrong; the sentence says which part of the set-up it was.
    if subprocess.run(command, env=environ, cwd=ROOT, stdin=subprocess.DEVNULL).returncode:
        raise SetupError(
            f"this did not work: {' '.join(command)}\n"
            "  fix: see the message above; is the package index reachable (`pip config list`)? then run make again"
        )


def _say(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
