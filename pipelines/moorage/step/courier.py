"""Carry log text and heartbeats to the store in a thread, so that a slow store never holds up the step.

A step that ends before anything is due needs no thread, and gets none.
"""

import json
import threading
import time
from collections.abc import Callable

from moorage.errors import MoorageError
from moorage.step import paths
from moorage.step.claims import Hold, still_ours
from moorage.store import Store

BEAT_SECONDS = 15.0
BEAT_VARIABLE = "MOORAGE_BEAT_SECONDS"
"""Changes that, for whoever needs a lost attempt to be noticed sooner."""
FLUSH_BYTES = 2**16
LARGE_BYTES = 2**28
"""Fetching or storing so much may take as long as the time between two beats."""
FINAL_SECONDS = 60.0
"""How long the store may be away at the end before log text is given up."""
_FLUSH_LOCAL_SECONDS, _FLUSH_REMOTE_SECONDS = 0.5, 5.0
_PAUSE_SECONDS = 1.0


class Courier(threading.Thread):
    """Beats while the claim holds; `lost` is set, and `wake` called, when it no longer does."""

    def __init__(self, store: Store, folder: str, hold: Hold, beat_seconds: float, wake: Callable[[], object]) -> None:
        super().__init__(name="courier", daemon=True)
        self.lost = False
        self._store, self._folder, self._hold = store, folder, hold
        self._beat_seconds, self._wake = beat_seconds, wake
        self._flush_seconds = _FLUSH_REMOTE_SECONDS if store.root is None else _FLUSH_LOCAL_SECONDS
        self._changed = threading.Condition()
        self._text: list[bytes] = []
        self._size = 0
        self._flush_at = self._give_up_at = float("inf")
        self._beat_key = paths.node_beat_key(folder, hold.rank)
        self._beat_at = time.monotonic() + (
            0.0 if hold.rank else self._beat_seconds
        )  # the first node's claim is a sign
        self._number = 0

    def add(self, text: bytes) -> None:
        """Take stamped log text; whole lines."""
        if not text:
            return
        with self._changed:
            self._text.append(text)
            self._size += len(text)
            self._flush_at = min(self._flush_at, time.monotonic() + self._flush_seconds)
            self._changed.notify()

    def begin(self) -> None:
        """Start, unless it has started."""
        if self.ident is None:
            self.start()

    def begin_if_due(self) -> float:
        """Start if something is due, and return when to ask again, in monotonic seconds: for ever once it has."""
        if self.ident is None and self._is_due():
            self.start()
        return self._next() if self.ident is None else float("inf")

    def close(self) -> None:
        """Return when all text is in the store, or the store was away for too long."""
        with self._changed:
            self._give_up_at = time.monotonic() + FINAL_SECONDS
            self._changed.notify()
        if self.ident is None:
            self.run()
        else:
            self.join()

    def run(self) -> None:
        """Flush and beat when due, until closed or the attempt is lost."""
        while not self.lost:
            with self._changed:
                if not self._is_due():
                    self._changed.wait(max(0.0, self._next() - time.monotonic()))
                text, closing = b"".join(self._text), self._give_up_at < float("inf")
            if closing and (not text or time.monotonic() > self._give_up_at):
                return
            try:
                self._work(text, closing)
            except MoorageError:
                time.sleep(_PAUSE_SECONDS)  # the store is away; the text waits here

    def _is_due(self) -> bool:
        return self._size >= FLUSH_BYTES or self._give_up_at < float("inf") or self._next() <= time.monotonic()

    def _next(self) -> float:
        return min(self._flush_at, self._beat_at)

    def _work(self, text: bytes, closing: bool) -> None:
        if text and (closing or len(text) >= FLUSH_BYTES or self._flush_at <= time.monotonic()):
            self._put_log(text)
            with self._changed:
                left = b"".join(self._text)[len(text) :]
                self._text, self._size = [left] if left else [], len(left)
                self._flush_at = time.monotonic() + self._flush_seconds if left else float("inf")
        if self._beat_at <= time.monotonic() and not closing:
            self._beat_at = time.monotonic() + self._beat_seconds
            self._beat()

    def _put_log(self, text: bytes) -> None:
        # An earlier job of this attempt may have left parts; ours follow them.
        number = self._number + 1
        while not self._store.put_if_absent(key := paths.log_key(self._folder, number), text):
            if self._store.get(key) == text:  # our own put, believed lost
                break
            number += 1
        self._number = number

    def _beat(self) -> None:
        beat = {"nonce": self._hold.claim.nonce, "time": time.time()}
        self.lost = not still_ours(self._store, self._folder, self._hold)
        if self.lost:
            self._wake()
        else:
            self._store.put(self._beat_key, json.dumps(beat).encode())
