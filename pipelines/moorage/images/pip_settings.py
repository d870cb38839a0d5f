"""What pip is set to on this machine, as a file that a build can be given: the same index, and the way to it."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from moorage.images.recipe import CA_SECRET

KEYS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries", "no-index")
"""What says how to reach packages; anything else of pip's settings is this machine's own affair."""


def pip_conf(settings: Mapping[str, str], *, trusts: bool) -> str:
    """Return the text of a pip.conf with the same index; folders of this machine are left out.

    `settings` is what `pip config list` says, `trusts` whether the build has a CA bundle. It may hold passwords.
    """
    values = {key: _setting(settings, key) for key in KEYS}
    links = [link for link in _setting(settings, "find-links").split() if "://" in link]
    values["find-links"] = "\n".join(links)
    values["timeout"] = values["timeout"] or _setting(settings, "default-timeout")
    values["cert"] = f"/run/secrets/{CA_SECRET}" if trusts else ""
    indented = {key: value.strip().replace("\n", "\n    ") for key, value in values.items() if value.strip()}
    return "".join(["[global]\n", *(f"{key} = {value}\n" for key, value in indented.items())])


def settings_here(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what pip is set to here: `global.index-url` or `:env:.index-url` to its value."""
    pip = [sys.executable, "-m", "pip"] if find_spec("pip") else [shutil.which("pip3") or ""]
    if not pip[0]:
        return {f":env:.{_option(name)}": value for name, value in environ.items() if name.startswith("PIP_")}
    done = subprocess.run([*pip, "config", "list"], capture_output=True, text=True, check=False, env=dict(environ))
    pairs = [line.partition("=") for line in done.stdout.splitlines() if "='" in line or '="' in line]
    return {name: str(ast.literal_eval(value)) for name, _, value in pairs}


def _setting(settings: Mapping[str, str], key: str) -> str:
    # pip's own order: the environment, then what is set for `pip install`, then for all commands.
    return next((found for place in (":env:", "install", "global") if (found := settings.get(f"{place}.{key}"))), "")


def _option(variable: str) -> str:
    return variable.removeprefix("PIP_").lower().replace("_", "-")
