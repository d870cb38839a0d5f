"""What may go wrong between a client and the API server: rules by verb and resource, and a record of all calls."""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Verb = Literal["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]

_BY_METHOD: dict[str, Verb] = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_OF_A_NAMESPACE = ("status", "finalize")
"""What may follow the name of a namespace and yet is no resource inside it."""


@dataclass(frozen=True)
class Call:
    """What one request asks for, in the words of RBAC; `resource` has its subresource (`pods/log`).

    A path that names no resource (`/version`) is a `get` of itself.
    """

    verb: Verb
    resource: str
    namespace: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Answer:
    """The API server's own answer for that code; a client is asked to come back when it is 429."""

    code: int
    retry_after_seconds: int = 1


@dataclass(frozen=True)
class Reset:
    """The connection is reset: before the request has reached the server, or `after` the server has done it."""

    after: bool = False


@dataclass(frozen=True)
class Delay:
    """The request reaches the server so much later."""

    seconds: float


@dataclass(frozen=True)
class Silence:
    """A watch is accepted, so many `events` come and then nothing, not even its end.

    Any other call is not answered at all.
    """

    events: int = 0


Action = Answer | Reset | Delay | Silence

THROTTLED = Answer(429)
BROKEN = Answer(500)
NEVER_ARRIVED = Reset()
LOST_ANSWER = Reset(after=True)
SILENT = Silence()


@dataclass(frozen=True)
class Rule:
    """Which calls meet the action: all that it does not exclude.

    The first `skip` of them pass, then `times` meet it (None: all that follow), each by the probability.
    """

    action: Action
    verb: Verb | None = None
    resource: str | None = None
    namespace: str | None = None
    name: str | None = None
    skip: int = 0
    times: int | None = None
    probability: float = 1.0

    def covers(self, call: Call) -> bool:
        """Return whether the call is one that the rule is about."""
        return (
            self.verb in (None, call.verb)
            and self.resource in (None, call.resource)
            and self.namespace in (None, call.namespace)
            and self.name in (None, call.name)
        )


@dataclass(frozen=True)
class Seen:
    """A call that has been made, and what it met."""

    call: Call
    action: Action | None


class Faults:
    """The rules in force, first match first, and the calls that came; may be used from any thread."""

    def __init__(self, *rules: Rule, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        self._rules = list(rules)
        self._seen: list[Seen] = []

    def inject(self, action: Action, verb: Verb | None = None, resource: str | None = None, **more: object) -> None:
        """Add a rule; `more` are the other fields of `Rule`."""
        with self._lock:
            self._rules.append(Rule(action, verb, resource, **more))  # type: ignore[arg-type]

    def clear(self) -> None:
        """Take all rules away; what has been seen is kept."""
        with self._lock:
            self._rules = []

    @property
    def seen(self) -> Sequence[Seen]:
        """All calls so far, in the order in which they came."""
        with self._lock:
            return tuple(self._seen)

    def count(self, verb: Verb | None = None, resource: str | None = None) -> int:
        """Return how many calls of that kind came."""
        kind = Rule(SILENT, verb, resource)
        return sum(kind.covers(each.call) for each in self.seen)

    def meet(self, call: Call) -> Action | None:
        """Record a call, and return what becomes of it."""
        with self._lock:
            action = self._decide(call)
            self._seen.append(Seen(call, action))
            return action

    def _decide(self, call: Call) -> Action | None:
        for index, rule in enumerate(self._rules):
            if not rule.covers(call) or rule.times == 0:
                continue
            if rule.skip:
                self._rules[index] = replace(rule, skip=rule.skip - 1)
            elif rule.probability >= 1 or self._random.random() < rule.probability:
                self._rules[index] = replace(rule, times=None if rule.times is None else rule.times - 1)
                return rule.action
        return None


def call_of(method: str, target: str) -> Call:
    """Return what a request for a path, with its query, asks for."""
    url = urlsplit(target)
    words = [word for word in url.path.split("/") if word]
    depth = {"api": 2, "apis": 3}.get(words[0] if words else "", len(words))
    if len(words) <= depth:  # discovery, /readyz and the like
        return Call("get", url.path)
    namespace, rest = _inside(words[depth:])
    resource = "/".join([rest[0], *rest[2:]])
    name = rest[1] if len(rest) > 1 else None
    watches = parse_qs(url.query).get("watch", ["0"])[0] in ("1", "true", "True")
    return Call(_verb(method, name, watches), resource, namespace, name)


def _inside(words: list[str]) -> tuple[str | None, list[str]]:
    if words[0] == "namespaces" and len(words) > 2 and words[2] not in _OF_A_NAMESPACE:
        return words[1], words[2:]
    return None, words


def _verb(method: str, name: str | None, watches: bool) -> Verb:
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    if method in _BY_METHOD:
        return _BY_METHOD[method]
    if watches:
        return "watch"
    return "get" if name else "list"
