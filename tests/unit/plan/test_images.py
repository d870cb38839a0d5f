"""What an `image:` in a spec stands for when a run starts."""

import pytest

from moorage.errors import Corrupt, TargetError
from moorage.images.record import PushedImage, newest, register
from moorage.plan.images import resolve_image
from moorage.ports import Capabilities
from moorage.store import Store
from tests.rigs.imaginary import Imaginary, memory_store


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Store:
    return memory_store(request.node.name.partition("[")[0])


@pytest.fixture
def platform(store: Store) -> Imaginary:
    class WithImages(Imaginary):
        capabilities = Capabilities(spot=True, gpu=True, nodes=True, secrets=True, images=True)

    return WithImages(store)


def image(number: int, name: str = "default") -> PushedImage:
    reference = f"registry.example/team/{name}@sha256:{number:064x}"
    return PushedImage(name=name, reference=reference, base="python:3.12-slim", moorage="1.0")


def test_a_name_stands_for_the_image_with_the_highest_number(store: Store, platform: Imaginary) -> None:
    made = [register(store, image(number)) for number in range(1, 12)]
    assert [record.number for record in made] == list(range(1, 12))
    assert resolve_image(platform, store, None) == image(11).reference
    assert resolve_image(platform, store, "default") == image(11).reference


def test_the_same_image_again_is_the_same_record(store: Store) -> None:
    assert register(store, image(1)) == register(store, image(1)) == newest(store, "default")


def test_an_image_of_before_gets_a_new_number(store: Store) -> None:
    assert [register(store, image(number)).number for number in (1, 2, 1)] == [1, 2, 3]


def test_names_are_told_apart(store: Store, platform: Imaginary) -> None:
    register(store, image(1, "train"))
    register(store, image(2, "training"))
    assert resolve_image(platform, store, "train") == image(1, "train").reference


@pytest.mark.parametrize("reference", ["python:3.12-slim", "registry.example/team/x", "x@sha256:" + "0" * 64])
def test_a_full_reference_passes_through(reference: str, store: Store, platform: Imaginary) -> None:
    assert resolve_image(platform, store, reference) == reference


def test_a_name_that_no_image_has_is_told_how_to_get_one(store: Store, platform: Imaginary) -> None:
    with pytest.raises(TargetError, match="no image is named 'train'") as caught:
        resolve_image(platform, store, "train")
    assert "moorage image build train --push -e ENV" in str(caught.value)


def test_a_record_that_is_none_is_corrupt(store: Store, platform: Imaginary) -> None:
    store.put("images/default/1.json", b'{"reference": "python:3.12-slim"}')
    with pytest.raises(Corrupt, match="is not a record of an image"):
        resolve_image(platform, store, None)


def test_this_machine_has_no_images(store: Store) -> None:
    assert resolve_image(Imaginary(store), store, "anything").startswith("python-3.")


def test_with_no_store_to_ask_a_name_says_that_it_is_one(platform: Imaginary) -> None:
    assert resolve_image(platform, None, "train") == "train (the newest of that name when the run starts)"
    assert resolve_image(platform, None, "python:3.12-slim") == "python:3.12-slim"
