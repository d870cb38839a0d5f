"""One watch: a list, then events from there on; resumed where it broke off, listed again where that is too old."""

import threading
from collections.abc import Callable
from typing import Any

from tests.rigs.kubernetes.api import Refused
from tests.rigs.kubernetes.node.api import ApiServer

Object = dict[str, Any]
Heard = Callable[[str, Object], None]
RETRY_SECONDS = 0.2


class Watch:
    """Tells `heard` of every object as ADDED, MODIFIED or DELETED, from a thread of its own."""

    def __init__(self, api: ApiServer, path: str, heard: Heard, stopped: threading.Event) -> None:
        self._api, self._path, self._heard, self._stopped = api, path, heard, stopped
        self._known: dict[str, Object] = {}
        self._version: str | None = None
        self.listed = threading.Event()

    def start(self) -> None:
        """Begin; `listed` is set when all that was there has been told."""
        threading.Thread(target=self._run, name=f"watch {self._path}", daemon=True).start()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                if self._version is None:
                    self._list()
                self._follow(self._version or "0")
            except Refused as error:
                self._version = None if error.code == 410 else self._version
                self._stopped.wait(RETRY_SECONDS)
            except (OSError, ValueError):  # the API server is away, or a line was cut
                self._stopped.wait(RETRY_SECONDS)

    def _list(self) -> None:
        listed = self._api.get(self._path)
        there = {each["metadata"]["uid"]: each for each in listed.get("items") or ()}
        for uid in [uid for uid in self._known if uid not in there]:
            self._tell("DELETED", self._known[uid])
        for each in there.values():
            self._tell("ADDED", each)
        self._version = listed["metadata"]["resourceVersion"]
        self.listed.set()

    def _follow(self, version: str) -> None:
        for event in self._api.watch(self._path, version):
            if self._stopped.is_set():
                return
            if event["type"] == "ERROR":
                raise Refused(event["object"].get("code", 500), "", event["object"].get("message", ""))
            self._version = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                self._tell(event["type"], event["object"])

    def _tell(self, kind: str, told: Object) -> None:
        uid = told["metadata"]["uid"]
        if kind == "DELETED":
            self._known.pop(uid, None)
        else:
            self._known[uid] = told
        self._heard(kind, told)
