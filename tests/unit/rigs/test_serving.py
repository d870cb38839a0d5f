"""A plugin of the rig's Pulumi engine ends with the engine, also where that went before they ever spoke."""

import socket
import subprocess
import sys

from tests.rigs.kubernetes.node.process import ROOT

PLUGIN = "from tests.rigs.pulumi.serving import serve; serve(lambda server: None)"


def test_a_plugin_whose_engine_is_gone_when_it_starts_ends():
    with socket.socket() as engine:
        engine.bind(("127.0.0.1", 0))  # which nobody else gets, and nobody listens at
        address = f"127.0.0.1:{engine.getsockname()[1]}"
        ended = subprocess.run([sys.executable, "-c", PLUGIN, address], cwd=ROOT, check=False, timeout=60)
    assert ended.returncode == 1
