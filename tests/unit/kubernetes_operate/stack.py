"""A stack's settings, as small as those of a real one can be."""

from typing import Any


def settings(**changes: Any) -> dict[str, Any]:
    gpu = {"name": "L4", "memory": "24Gi", "per_node": 4}
    said = {
        "platform": "kubernetes",
        "cluster": {"identifier": "dev", "context": "dev"},
        "namespace": "shop",
        "flavours": [
            {"name": "cpu", "labels": {"pool": "cpu"}, "quota": {"cpu": 16, "memory": "64Gi"}},
            {"name": "l4", "labels": {"gpu": "L4"}, "gpu": gpu, "quota": {"cpu": 24, "memory": "64Gi", "gpus": 8}},
        ],
        "quota": {"cpu": 40, "memory": "128Gi"},
    }
    return {**said, **changes}
