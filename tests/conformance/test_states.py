"""Every word that the platform has for a state is one of ours."""

from moorage.states import State
from tests.rigs.base import Rig


def test_every_state_the_platform_has_is_mapped(rig: Rig) -> None:
    assert set(rig.native_states) <= set(rig.mapped_states)


def test_no_state_is_mapped_to_not_known(rig: Rig) -> None:
    assert {rig.state_of(word) for word in rig.mapped_states}.isdisjoint({State.MISSING})


def test_a_state_that_the_platform_does_not_list_is_unknown_and_not_the_end(rig: Rig) -> None:
    assert rig.state_of("Snoozing") is State.UNKNOWN
    assert not rig.state_of("Snoozing").is_terminal
