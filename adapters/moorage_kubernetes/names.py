"""What our objects carry: labels to find them by, annotations that say exactly what they are."""

import re
from collections.abc import Mapping

from blake3 import blake3

from moorage.ports import Owner

PREFIX = "moorage.dev/"
RUN = f"{PREFIX}run"
"""The label by which all objects of one run are listed."""
OWNER = f"{PREFIX}owner"
"""The annotation with the owner's own values, for those that no label can have."""
KEY = f"{PREFIX}key"
"""The annotation with the key that the job was submitted under."""
ENDED = f"{PREFIX}ended"
"""The annotation that says, before a job is stopped, what for."""
QUEUE = "kueue.x-k8s.io/queue-name"
INDEX = "batch.kubernetes.io/job-completion-index"
JOB_NAME = "batch.kubernetes.io/job-name"
SET_NAME = "jobset.sigs.k8s.io/jobset-name"
CONTAINER = "step"
NODES = "n"
"""The name of a JobSet's one group of pods; it is short, since those have its name in theirs."""

_LEGAL = re.compile(r"[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_ROOM = 63 - 17


def labels_of(owner: Owner) -> Mapping[str, str]:
    """Return the labels of what belongs to `owner`; those of a search, when it is not complete."""
    return {label_key(tag): label_value(text) for tag, text in owner.as_tags().items()}


def label_key(tag: str) -> str:
    """Return the label for one of moorage's tags: `moorage-run` becomes `moorage.dev/run`."""
    return PREFIX + tag.removeprefix("moorage-")


def label_value(text: str) -> str:
    """Return `text` where a label can have it, else something legal that no other text gets."""
    if _LEGAL.fullmatch(text):
        return text
    slug = re.sub(r"[^A-Za-z0-9]+", "-", text[:_ROOM]).strip("-") or "x"
    return f"{slug}_{blake3(text.encode()).hexdigest()[:16]}"


def selector(labels: Mapping[str, str]) -> str:
    """Return a label selector that wants all of them."""
    return ",".join(f"{key}={value}" for key, value in labels.items())
