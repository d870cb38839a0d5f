"""What a pandera schema says to moorage alone: `metadata={"moorage": {...}}`."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from moorage.errors import SpecError


def own_options(metadata: Any, known: tuple[str, ...], where: str) -> Mapping[str, Any]:
    """Return the part of pandera's `metadata` that is ours; SpecError for a word that is not in `known`."""
    ours = metadata.get("moorage", {}) if isinstance(metadata, Mapping) else {}
    if not isinstance(ours, Mapping):
        raise SpecError(f"{where}: metadata['moorage'] is {ours!r}", fix=f"write a dict with {', '.join(known)}")
    for word in ours:
        if word not in known:
            close = get_close_matches(str(word), known, n=1)
            raise SpecError(
                f"{where}: metadata['moorage'] has {word!r}",
                fix=f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(known)}",
            )
    return ours
