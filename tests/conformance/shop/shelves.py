"""The steps of the suite's own pipeline."""

from pathlib import Path


def stock(items: int) -> dict[str, object]:
    """Return a list of things, and how many they are."""
    print("counting")
    return {"list": "".join(f"thing {number}\n" for number in range(items)), "counts": {"items": items, "price": 9.5}}


def unlucky(list: Path) -> None:
    """Fail, as it always does."""
    raise RuntimeError(f"dropped {len(list.read_text().splitlines())} things")


def box(labels: Path, parcel: Path) -> None:
    """Put the labels in a box."""
    parcel.mkdir(exist_ok=True)
    (parcel / "labels.txt").write_text(labels.read_text())
    (parcel / "note").mkdir()
