"""What the platform refuses, in our words, with theirs behind it."""

import pytest

from moorage.errors import AccessDenied, NotFound, PlatformError, QuotaExceeded, Throttled
from tests.rigs.base import Impossible, Rig

THROTTLED = pytest.param(
    Throttled,
    marks=pytest.mark.never("local", raises=Impossible, reason="the kernel makes nobody wait between two calls"),
)


@pytest.mark.parametrize("kind", [AccessDenied, QuotaExceeded, NotFound, THROTTLED])
def test_a_refusal_is_told_in_our_words_with_theirs_behind_it(rig: Rig, kind: type[PlatformError]) -> None:
    with rig.refusing(kind) as request, pytest.raises(kind) as refused:
        rig.submit(request, key="one")
    assert type(refused.value) is kind
    assert refused.value.__cause__ is not None
    assert refused.value.problems[0].fix
