"""What whoever makes an environment is told of an API server that is none."""

from pathlib import Path

import pytest

from moorage.errors import TargetError
from moorage_kubernetes.operate.asked import asked_of
from moorage_kubernetes.operate.cluster import Cluster
from moorage_kubernetes.refusals import Unreached
from tests.unit.kubernetes.listening import hangs_up, listening, stranger
from tests.unit.kubernetes.test_access import Kubeconfig
from tests.unit.kubernetes_operate.stack import settings


def cluster(url: str, folder: Path) -> Cluster:
    file = Kubeconfig(folder).write({"token": "t"}, {"server": url})
    return Cluster(asked_of(settings(cluster={"kubeconfig": str(file)})))


def test_a_server_that_goes_before_it_has_said_who_it_is_did_not_answer(tmp_path: Path):
    with listening(hangs_up) as url, pytest.raises(Unreached, match="did not answer"):
        cluster(url, tmp_path).get("/version")


def test_a_server_that_nobody_vouches_for_is_named(tmp_path: Path):
    with listening(stranger(tmp_path)) as url, pytest.raises(TargetError, match=f"the certificate of {url} is not"):
        cluster(url, tmp_path).get("/version")
