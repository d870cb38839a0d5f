"""Order and loops among names that wait for names. Pure."""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

Needs = Mapping[str, tuple[str, ...]]
"""What each name waits for; every name that is waited for is a key."""


def order(needs: Needs) -> tuple[str, ...]:
    """Return the names, each after what it waits for and else in their own order; without those that never start."""
    waiting = dependants(needs)
    names = list(needs)
    place = {name: index for index, name in enumerate(names)}
    missing = {name: len(named) for name, named in needs.items()}
    ready = [place[name] for name in names if not missing[name]]
    heapify(ready)
    ordered = []
    while ready:
        ordered.append(name := names[heappop(ready)])
        for next_ in waiting[name]:
            missing[next_] -= 1
            if not missing[next_]:
                heappush(ready, place[next_])
    return tuple(ordered)


def cycle(needs: Needs) -> tuple[str, ...] | None:
    """Return a loop of names, each waiting for the next, the first once more at the end; None without one."""
    done = frozenset(order(needs))
    stuck = {name: [need for need in named if need not in done] for name, named in needs.items() if name not in done}
    if not stuck:
        return None
    path: dict[str, None] = {}
    at = next(iter(stuck))
    while at not in path:
        path[at] = None
        at = stuck[at][0]
    loop = list(path)
    return (*loop[loop.index(at) :], at)


def dependants(needs: Needs) -> Needs:
    """Return, for each name, the names that wait for it directly, in their own order."""
    waiting: dict[str, list[str]] = {name: [] for name in needs}
    for name, named in needs.items():
        for need in named:
            waiting[need].append(name)
    return {name: tuple(names) for name, names in waiting.items()}
