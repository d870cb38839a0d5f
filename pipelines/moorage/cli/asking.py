"""One question to a service that has just started, after which it stops."""

import os
import signal
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import click

from moorage.cli.output import note

PATIENCE_SECONDS = 60.0


@dataclass
class Question:
    """A JSON body for `/predict`; what came back is kept until `report`."""

    body: bytes
    _answer: list[tuple[int, str]] = field(default_factory=list)

    def ask(self, url: str) -> None:
        """Ask from a thread, since the service's own is at work; then stop the service as Ctrl-C does."""
        threading.Thread(target=self._ask, args=(url,), daemon=True).start()

    def report(self) -> None:
        """Print the answer; exit code 1 when there is none, or when it is a refusal."""
        status, text = self._answer[0] if self._answer else (0, "the service stopped before it answered")
        if status == 200:
            click.echo(text)
            return
        note(f"{status or ''} {text}".strip())
        raise click.exceptions.Exit(1)

    def _ask(self, url: str) -> None:
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{url}/predict", self.body, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                self._answer.append((answer.status, answer.read().decode()))
        except urllib.error.HTTPError as refused:
            self._answer.append((refused.code, refused.read().decode()))
        except OSError as error:
            self._answer.append((0, f"no answer: {error}"))
        finally:
            os.kill(os.getpid(), signal.SIGINT)
