"""Free ports of the loopback that nobody else gets before the server that they are for."""

import socket


class Port:
    """A port that is taken for us until `close`; a server that allows reuse of addresses, as Go's do, can listen on it.

    Linux lets a second socket bind where neither refuses reuse and none listens, but never gives such a port to who
    asks for any. So there is no moment at which it could be lost, not even while its server is restarted.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def __str__(self) -> str:
        return str(self.number)

    def close(self) -> None:
        """Let others have it."""
        self._socket.close()
