"""Qdrant's client in its local mode, as a server that several users of one process share."""

from tasks.points.server import ServerPoints


class SharedServer(ServerPoints):
    """The client's local mode, which lives and dies with one object."""

    def close(self):
        pass
