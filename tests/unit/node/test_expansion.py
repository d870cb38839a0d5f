"""`$(NAME)` is expanded as Kubernetes does it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rigs.kubernetes.node.expansion import expand

KNOWN = {"A": "a", "B": "$(A)", "EMPTY": "", "with.dot": "d"}
TEXTS = st.text(alphabet="$()AB x")


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "a"),
        ("$(A)$(A)", "aa"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$a"),
        ("$$$$(A)", "$$(A)"),
        ("$(NONE)", "$(NONE)"),
        ("$(B)", "$(A)"),
        ("x$(EMPTY)y", "xy"),
        ("$(with.dot)", "d"),
        ("$(A", "$(A"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A))", "a)"),
        ("$()", "$()"),
        ("$($(A))", "$($(A))"),
    ],
)
def test_what_kubernetes_own_tests_say(text: str, expanded: str):
    assert expand(text, KNOWN) == expanded


@given(TEXTS)
def test_doubled_dollars_protect_any_text(text: str):
    assert expand(text.replace("$", "$$"), KNOWN) == text


@given(TEXTS)
def test_without_variables_only_doubled_dollars_change(text: str):
    assert expand(text, {}) == text.replace("$$", "$")
