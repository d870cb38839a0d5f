"""Which node of a step this job is: the first of them claims the attempt and speaks for all."""

from collections.abc import Mapping

from moorage.errors import TargetError
from moorage.frozen import Frozen

RANK_VARIABLE, COUNT_VARIABLE = "NODE_RANK", "NNODES"
"""What tells the nodes apart, and how many there are."""
ADDRESS_VARIABLE, PORT_VARIABLE = "MASTER_ADDR", "MASTER_PORT"
"""Where the nodes meet: the first one, and a port of it that is free."""


class Node(Frozen):
    """One of `count` nodes; ranks count from 0."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it speaks for all."""
        return self.rank == 0

    @property
    def label(self) -> bytes:
        """What its log lines begin with; nothing when it is alone."""
        return b"[%d] " % self.rank if self.count > 1 else b""


def node_of(count: int, environ: Mapping[str, str]) -> Node:
    """Return which node of a step with `count` of them this is. TargetError when the platform did not say."""
    if count == 1:
        return Node()
    said = {name: environ.get(name) for name in (RANK_VARIABLE, COUNT_VARIABLE)}
    rank, all_nodes = (int(text) if text and text.isdecimal() else -1 for text in said.values())
    if all_nodes == count and 0 <= rank < count:
        return Node(rank, count)
    seen = ", ".join(f"{name}={text}" if text is not None else f"no {name}" for name, text in said.items())
    raise TargetError(
        f"the step has {count} nodes, and the platform started this one with {seen}",
        fix=f"each node needs {RANK_VARIABLE} from 0 to {count - 1}, and {COUNT_VARIABLE}={count}",
    )
