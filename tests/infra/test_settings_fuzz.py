"""Whatever a stack says, it is read or refused in words; and what is read, the adapter takes."""

import copy
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from moorage.errors import TargetError
from moorage_infra.config import KubernetesSettings, read_settings
from moorage_infra.targets import kubernetes_target
from tests.infra.stacks import NAMES, ROOT, said

STACKS = {name: said(name) for name in NAMES}

TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["500m", "16Gi", "10.0.0.0/8", "a.b/c", "x" * 64, "x" * 300, "https://a", "s3://b/c", "a@sha256:0"]
    ),
    st.from_regex(r"[a-z0-9./-]{1,12}", fullmatch=True),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 10**6), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXTS, inner, max_size=2)),
    max_leaves=4,
)


def places(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of everything that is said."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, each in inner for path in [(*above, key), *places(each, (*above, key))]]


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, Any]:
    """A stack with one thing in it changed, taken away or added."""
    stack = draw(st.sampled_from(NAMES))
    settings = copy.deepcopy(STACKS[stack])
    *above, last = draw(st.sampled_from(places(settings)))
    holder: Any = settings
    for part in above:
        holder = holder[part]
    what = draw(st.sampled_from(["change", "remove", "add"]))
    if what == "remove":
        del holder[last]
    elif what == "change" or isinstance(holder, list):
        holder[last] = draw(VALUES)
    else:
        holder[draw(TEXTS)] = draw(VALUES)
    return stack, settings


@given(changed())
def test_one_change_is_read_or_refused_in_words(made: tuple[str, Any]) -> None:
    stack, settings = made
    file = Path("stacks", f"Pulumi.{stack}.yaml")
    try:
        read = read_settings("moorage", settings, file, ROOT)
    except TargetError as error:
        for problem in error.problems:
            assert problem.message.startswith("`moorage:environment")
            assert problem.fix
            assert str(problem.where).startswith(f"{file}:")
    else:
        assert not isinstance(read, KubernetesSettings) or kubernetes_target(read).namespace == read.namespace
