"""What the store knows of images: numbered records, each of which names one image by its digest."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, ValidationError

from moorage.errors import Corrupt
from moorage.spec.models import Model
from moorage.spec.types import StepName
from moorage.store import Store

DEFAULT_IMAGE = "default"
"""The name of the image of steps that name none."""


class PushedImage(Model):
    """An image as a registry has it: `reference` ends with its digest; the rest says what it was made from.

    `base` is what the build started from, `moorage` the version in it, `platform` as in linux/arm64, None where
    that of the builder was taken.
    """

    name: StepName
    reference: Annotated[str, Field(pattern=r"^\S+@sha256:[0-9a-f]{64}$")]
    base: str
    moorage: str
    platform: str | None = None


class ImageRecord(PushedImage):
    """A pushed image that is known: numbers count from 1, and the highest one holds."""

    number: Annotated[int, Field(ge=1)]
    created: datetime


def register(store: Store, image: PushedImage) -> ImageRecord:
    """Return the record that says what the image's name stands for now; the newest one, where that says it already."""
    while (known := newest(store, image.name)) is None or known.reference != image.reference:
        number = known.number + 1 if known else 1
        made = ImageRecord(**image.model_dump(), number=number, created=datetime.now(UTC))
        if store.put_if_absent(_key(image.name, number), made.model_dump_json().encode()):
            return made
    return known


def newest(store: Store, name: str) -> ImageRecord | None:
    """Return the record that holds for a name; None for a name that no image has. Raises Corrupt."""
    folder = f"images/{name}/"
    found = (entry.removesuffix(".json") for entry in store.names(folder))
    number = max((int(item) for item in found if item.isdigit()), default=None)
    if number is None:
        return None
    try:
        return ImageRecord.model_validate_json(store.get(_key(name, number)))
    except ValidationError as error:
        wrong = f"{_key(name, number)} is not a record of an image: {error.error_count()} fields are wrong"
        raise Corrupt(wrong, fix="moorage image build --push writes the next one") from error


def _key(name: str, number: int) -> str:
    return f"images/{name}/{number}.json"
