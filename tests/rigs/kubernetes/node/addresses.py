"""Each pod's own address: 10.x.y.z as the API is told, 127.x.y.z where it can be reached without a network.

EndpointSlices refuse loopback addresses, and an unprivileged machine has no others to give away. So the first byte
differs, and whoever connects goes through `reachable`.
"""

import os


def reachable(address: str) -> str:
    """Return where the pod with this address really listens."""
    head, _, rest = address.partition(".")
    return f"127.{rest}" if head == "10" else address


def published(address: str) -> str:
    """Return what the API is told of a pod that listens there."""
    return f"10.{address.removeprefix('127.')}"


class Addresses:
    """Gives out the addresses of one node, which differ from those of any other node on this machine."""

    def __init__(self, seed: int | None = None) -> None:
        seed = os.getpid() if seed is None else seed
        # Never 127.0.*: the machine's own is there, and 10.0.* is where services usually get theirs.
        self._network = f"127.{1 + (seed >> 8) % 254}.{seed % 256}"
        self._free = [f"{self._network}.{last}" for last in range(254, 1, -1)]

    def take(self) -> str:
        """Return an address that no pod has; those given back come last."""
        return self._free.pop()

    def give_back(self, address: str) -> None:
        """Let another pod have it."""
        self._free.insert(0, address)
