"""Serve one plugin to the engine that started it, and end when that engine is gone, however it went."""

import os
import signal
import sys
from collections.abc import Callable
from concurrent import futures

import grpc

MESSAGE_BYTES = 400 << 20
"""The engine's own limit."""
CALLS = 64
"""Operations that may wait at one time; the engine's default is 16 per processor."""
OPTIONS = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]


def serve(register: Callable[[grpc.Server], object], gone: Callable[[], object] = lambda: None) -> None:
    """Print the port, as the engine expects, and answer until the engine is gone; `gone` is called then."""
    server = grpc.server(futures.ThreadPoolExecutor(CALLS), options=OPTIONS)
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)

    def stop(signum: int, frame: object) -> None:
        gone()
        os._exit(0)

    signal.signal(signal.SIGINT, stop)  # how the engine ends a plugin
    signal.signal(signal.SIGTERM, stop)
    with grpc.insecure_channel(engine_address()) as channel:
        _end_with(channel, gone)
        server.wait_for_termination()


def engine_address() -> str:
    """Return where the engine listens: the last word of the command line."""
    return sys.argv[-1]


def _end_with(channel: grpc.Channel, gone: Callable[[], object]) -> None:
    # A killed engine stops nothing. Its end of an open connection is the one thing that surely goes with it.
    seen = set[grpc.ChannelConnectivity]()

    def watch(state: grpc.ChannelConnectivity) -> None:
        is_lost = grpc.ChannelConnectivity.READY in seen and state is not grpc.ChannelConnectivity.READY
        if is_lost or state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:  # it listened before it started us
            gone()
            os._exit(1)
        seen.add(state)

    channel.subscribe(watch, try_to_connect=True)
