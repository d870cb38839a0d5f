"""Chromium through its driver by the WebDriver protocol: JSON over loopback HTTP, and nothing to install.

https://www.w3.org/TR/webdriver2/ names each command; `goog/` and `se/` ones are chromedriver's own.
"""

import base64
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
"""No page of ours needs a network, and a browser without one cannot hide that."""

START_SECONDS = 60.0
CALL_SECONDS = 60.0
TAB, SHIFT, ENTER = "\ue004", "\ue008", "\ue007"
RIGHT, LEFT, DOWN = "\ue014", "\ue012", "\ue015"
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing() -> str | None:
    """Return what is not installed, in a sentence; None when all is there."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"{' and '.join(absent)} not installed: apt-get install chromium chromium-driver" if absent else None


class BrowserError(Exception):
    """The browser refused a command; the text is its own."""


@dataclass(frozen=True)
class Browser:
    """One window; `session` is the address of its commands."""

    session: str

    @classmethod
    @contextmanager
    def start(cls, profile: Path | str) -> Iterator["Browser"]:
        """Yield a window with a profile of its own; window, browser and driver end with it."""
        with _driver(Path(profile)) as address:
            flags = [*FLAGS, f"--user-data-dir={profile}/chromium"]
            options = {"args": flags, "binary": shutil.which("chromium")}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            made = _call("POST", f"{address}/session", {"capabilities": {"alwaysMatch": wanted}})
            browser = cls(f"{address}/session/{made['sessionId']}")
            try:
                yield browser
            finally:
                _call("DELETE", browser.session)

    def open(self, address: str) -> None:
        """Load a page, and wait until it is there."""
        self._post("url", url="about:blank")  # else only the part after # may change
        self._post("url", url=address)

    def script(self, text: str, *arguments: object) -> Any:
        """Run JavaScript in the page and return what it returns."""
        return self._post("execute/sync", script=text, args=list(arguments))

    def click(self, selector: str) -> None:
        """Click the first element that fits, as a hand would: it must be in sight and uncovered."""
        found = self._post("element", using="css selector", value=selector)
        self.script("arguments[0].scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'})", found)
        self._post(f"element/{found[_ELEMENT]}/click")

    def follow(self, selector: str) -> None:
        """Click a link to another place in the page, and wait until the page has heard of it: that comes later."""
        self.script("window.heard = new Promise((done) => addEventListener('hashchange', () => done(true)))")
        self.click(selector)
        if self.script("return window.heard") is not True:
            raise BrowserError(f"{selector} leads nowhere")

    def press(self, *keys: str) -> None:
        """Press keys together, on what has the focus."""
        steps: Sequence[tuple[str, str]] = [("keyDown", key) for key in keys]
        steps = [*steps, *(("keyUp", key) for key in reversed(keys))]
        typed = {"type": "key", "id": "keyboard", "actions": [{"type": kind, "value": key} for kind, key in steps]}
        self._post("actions", actions=[typed])

    def size(self, width: int, height: int) -> None:
        """Give the page so many pixels."""
        self._chrome(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def scheme(self, name: str) -> None:
        """Prefer `light` or `dark`, as a system does, and no motion: a click must meet what it is meant for."""
        wanted = {"prefers-color-scheme": name, "prefers-reduced-motion": "reduce"}
        features = [{"name": feature, "value": value} for feature, value in wanted.items()]
        self._chrome("Emulation.setEmulatedMedia", features=features)

    def scripts(self, allowed: bool) -> None:
        """Let pages run scripts, or not."""
        self._chrome("Emulation.setScriptExecutionDisabled", value=not allowed)

    def screenshot(self) -> bytes:
        """Return what is to be seen, as PNG."""
        return base64.b64decode(_call("GET", f"{self.session}/screenshot"))

    def logs(self) -> list[str]:
        """Return what the console said since it was last asked."""
        return [entry["message"] for entry in self._post("se/log", type="browser")]

    def _chrome(self, command: str, **parameters: object) -> None:
        self._post("goog/cdp/execute", cmd=command, params=parameters)

    def _post(self, command: str, **body: object) -> Any:
        return _call("POST", f"{self.session}/{command}", body)


@contextmanager
def _driver(profile: Path) -> Iterator[str]:
    said = profile / "chromedriver.txt"
    with said.open("wb") as log:
        process = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield f"http://127.0.0.1:{_port(process, said)}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the driver, and a browser that it may have left
        process.wait(START_SECONDS)


def _port(process: subprocess.Popen[bytes], said: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        _, found, rest = said.read_text().partition("successfully on port ")
        if found and "." in rest:
            return int(rest.partition(".")[0])
        time.sleep(0.02)
    raise BrowserError(f"chromedriver did not start; it said: {said.read_text()}")


def _call(method: str, address: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as refused:
        said = json.load(refused)["value"]
        raise BrowserError(f"{said['error']}: {said['message'].splitlines()[0]}") from refused
