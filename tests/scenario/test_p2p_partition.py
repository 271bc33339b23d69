# SPDX-License-Identifier: MPL-2.0
"""After a partition heals, replicas are equal to their authority without anybody asking."""

import selectors
import socket
import threading

import pytest

from harness import wait_until


class Proxy:
    """A TCP relay to a daemon. While it is cut, bytes stay where they are and new connections hang."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.target = (host, int(port))
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.server.getsockname()[1]
        self.is_cut = False
        self.is_closed = False
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.server, selectors.EVENT_READ)
        self.other = {}
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.is_closed:
            for key, _ in self.selector.select(0.02):
                if self.is_cut:
                    threading.Event().wait(0.02)
                elif key.fileobj is self.server:
                    self._accept()
                elif key.fileobj in self.other:
                    self._relay(key.fileobj)
        for connection in [self.server, *self.other]:
            connection.close()

    def _accept(self):
        client, _ = self.server.accept()
        try:
            upstream = socket.create_connection(self.target, timeout=5)
        except OSError:
            client.close()
            return
        self.other[client], self.other[upstream] = upstream, client
        for connection in (client, upstream):
            self.selector.register(connection, selectors.EVENT_READ)

    def _relay(self, source):
        try:
            data = source.recv(65536)
            if data:
                self.other[source].sendall(data)
                return
        except OSError:
            pass
        for connection in (source, self.other[source]):
            self.selector.unregister(connection)
            del self.other[connection]
            connection.close()

    def drop_connections(self):
        for connection in list(self.other):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the relay was quicker

    def close(self):
        self.is_closed = True
        self.thread.join(10)


@pytest.fixture
def divided(net):
    """studio, and kitchen which reaches it only through a relay."""
    studio = net.daemon("studio")
    proxy = Proxy(studio.p2p_address)
    kitchen = net.daemon("kitchen", peers=[proxy.address])
    net.wait_online()
    yield net, studio, kitchen, proxy
    proxy.close()


def create_tone(daemon, name):
    return daemon.post("/peers/self/endpoints", {"display_name": name, "virtual": {"kind": "tone"}})


def wait_equal(*daemons):
    """Every daemon shows the endpoints of every other one as that one shows them itself."""
    def is_equal():
        for owner in daemons:
            truth = owner.get("/peers/self/endpoints")
            if any(other.get(f"/peers/{owner.uid}/endpoints") != truth for other in daemons):
                return False
        return True
    wait_until(is_equal, what="replicas equal to their authority")


def change_both(studio, kitchen, doomed):
    create_tone(studio, "new at studio")
    create_tone(kitchen, "new at kitchen")
    studio.delete(doomed["endpoint_uri"])


@pytest.mark.parametrize("is_long", [False, True])
def test_replicas_are_equal_after_a_partition(divided, is_long):
    net, studio, kitchen, proxy = divided
    doomed = create_tone(studio, "doomed")
    wait_equal(studio, kitchen)
    proxy.is_cut = True
    change_both(studio, kitchen, doomed)
    if is_long:
        for here, there in ((studio, kitchen), (kitchen, studio)):
            wait_until(lambda: here.get(f"/peers/{there.uid}")["state"] == "offline", what="offline seen")
            states = {e["state"] for e in here.get(f"/peers/{there.uid}/endpoints")}
            assert states <= {"unavailable"}
    proxy.is_cut = False
    net.wait_online()
    wait_equal(studio, kitchen)


def test_broken_connection_is_nobodys_business(divided):
    net, studio, kitchen, proxy = divided
    doomed = create_tone(studio, "doomed")
    wait_equal(studio, kitchen)
    proxy.drop_connections()
    change_both(studio, kitchen, doomed)
    wait_equal(studio, kitchen)
    net.wait_online()
    assert "offline" not in studio.log() + kitchen.log()


def test_killed_peer_comes_back_with_its_truth(net):
    studio = net.daemon("studio")
    kitchen = net.daemon("kitchen", peers=[studio])
    create_tone(kitchen, "tone")
    net.wait_online()
    wait_equal(studio, kitchen)
    kitchen.kill()
    wait_until(lambda: studio.get(f"/peers/{kitchen.uid}")["state"] == "offline", what="offline seen")
    kitchen.start()
    net.wait_online()
    wait_equal(studio, kitchen)
    studio.kill()
    studio.start()
    net.wait_online()
    wait_equal(studio, kitchen)
