"""What Pulumi says, read: states, cut-off operations, refreshes."""

from moorage.stacks.drift import Drifted, drifted
from moorage.stacks.pending import declared, pending, protected, short, to_import
from tests.unit.stacks.said import CLUSTER, PLATFORM, QUOTA, REFRESH, state, urn


def test_what_was_cut_off_is_named_by_what_was_being_done():
    assert [str(each) for each in pending(state())] == [f"creating {urn('b')}", f"updating {QUOTA}"]


def test_a_state_of_nothing_has_nothing_pending():
    assert pending({"version": 3, "deployment": None}) == ()
    assert pending({"version": 3, "deployment": {"pending_operations": None}}) == ()


def test_what_is_taken_in_keeps_its_parent_and_its_provider():
    first, second = pending(state())
    assert to_import([(first, "b"), (second, "dev/quota")]) == {
        "nameTable": {"parent-0": PLATFORM, "provider-1": CLUSTER},
        "resources": [
            {"type": "shelf:index:Item", "name": "b", "id": "b"},
            {
                "type": "kubernetes:core/v1:ResourceQuota",
                "name": "dev-quota",
                "id": "dev/quota",
                "parent": "parent-0",
                "provider": "provider-1",
            },
        ],
    }


def test_only_what_a_provider_made_is_declared():
    assert [each.id for each in declared(state())] == ["a"]
    assert protected(state()) == ("Item a",)


def test_a_resource_is_called_by_the_end_of_its_type_and_its_name():
    assert short(QUOTA) == "ResourceQuota dev-quota"


def test_a_refresh_says_what_changed_and_what_is_gone_and_not_what_the_platform_itself_writes():
    assert drifted(REFRESH) == (
        Drifted("changed", "Item b", "text", urn("b")),
        Drifted("gone", "Item c", "it is not there any more", urn("c")),
    )
