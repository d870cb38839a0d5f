"""Servers that listen where a cluster is looked for, and are none."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from tests.rigs.kubernetes.certificates import Authority

Meet = Callable[[socket.socket], object]


def hangs_up(connection: socket.socket) -> None:
    """Listen to what is said first, and go."""
    connection.recv(65536)


def stranger(folder: Path) -> Meet:
    """Return who shows a certificate that nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = Authority(folder).server("stranger")
    context.load_cert_chain(pair.certificate, pair.key)

    def meet(connection: socket.socket) -> None:
        with suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    return meet


@contextmanager
def listening(meet: Meet) -> Iterator[str]:
    """Yield the address of a server that does so with each connection, and closes it."""

    def run() -> None:
        with suppress(OSError):
            while True:
                with server.accept()[0] as connection:
                    meet(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=run)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
