# SPDX-License-Identifier: MPL-2.0
"""Starts real daemons for scenario tests: free ports, temporary folders, a time limit on everything.

    with Network(tmp_path) as net:
        studio = net.daemon("studio")
        kitchen = net.daemon("kitchen", peers=[studio])
        net.wait_online()
        studio.get("/peers")

The program under test is $ROCD_BIN, or the newest build in build/.
"""

import array
import json
import math
import os
import pathlib
import random
import select
import signal
import subprocess
import time
import wave

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 30
# Sanitizers and valgrind make everything slower; limits, not expectations, are scaled.
SLOW = float(os.environ.get("ROCD_TEST_SLOW", "1"))


def program():
    path = os.environ.get("ROCD_BIN") or str(ROOT / "build" / "bin" / "rocd")
    if not os.path.exists(path):
        raise RuntimeError(f"{path} is not there; run `make build` or set ROCD_BIN")
    return path


def wait_until(condition, timeout_s=20.0, what="condition", interval_s=0.05):
    """Returns the first true value of condition(); fails with its last value after timeout_s."""
    end = time.monotonic() + timeout_s * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {timeout_s * SLOW:.0f} s (last: {value!r})")
        time.sleep(interval_s)


class Daemon:
    """One rocd process that can be stopped, killed and started again with the same identity and ports."""

    def __init__(self, folder, name, secret_file=None, peers=(), args=(), env=None):
        self.name = name
        self.folder = pathlib.Path(folder)
        self.media = self.folder / "media"
        self.state = self.folder / "state"
        self.log_path = self.folder / "log.txt"
        self.media.mkdir(parents=True, exist_ok=True)
        self.secret_file = secret_file
        self.peers = list(peers)
        self.args = list(args)
        self.env = dict(env or {})
        self.process = None
        self.http = self.p2p = self.uid = None
        self.session = requests.Session()

    @property
    def url(self):
        return self.http

    @property
    def p2p_address(self):
        return self.p2p.removeprefix("tcp://")

    def command(self):
        http = self.http.removeprefix("http://") if self.http else "127.0.0.1:0"
        p2p = self.p2p_address if self.p2p else "127.0.0.1:0"
        command = [program(), "--name", self.name, "--state-dir", str(self.state), "--media-dir", str(self.media),
                   "--http", http, "--p2p", p2p]
        if self.secret_file:
            command += ["--secret-file", str(self.secret_file)]
        for peer in self.peers:
            command += ["--peer", peer.p2p_address if isinstance(peer, Daemon) else peer]
        return command + self.args

    def start(self):
        log = open(self.log_path, "ab")
        environment = {**os.environ, **self.env}
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
                                        env=environment)
        log.close()
        ready = self._read_ready_line()
        self.http, self.p2p, self.uid = ready["http"], ready["p2p"], ready["peer_uid"]
        return self

    def _read_ready_line(self):
        end = time.monotonic() + START_TIMEOUT_S * SLOW
        line = b""
        while not line.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError(f"{self.name} did not become ready; log:\n{self.log()}")
            chunk = os.read(self.process.stdout.fileno(), 4096)
            if not chunk:
                code = self.process.wait(STOP_TIMEOUT_S * SLOW)
                raise AssertionError(f"{self.name} ended with {code} at start; log:\n{self.log()}")
            line += chunk
        return json.loads(line)

    def stop(self):
        """SIGTERM; the daemon must end by itself with code 0."""
        if not self.is_running():
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_TIMEOUT_S * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop at SIGTERM; log:\n{self.log()}") from None
        self._forget()
        assert code == 0, f"{self.name} ended with {code}; log:\n{self.log()}"

    def kill(self):
        """kill -9, as a power cut would."""
        if self.is_running():
            self.process.kill()
            self.process.wait(STOP_TIMEOUT_S)
        self._forget()

    def restart(self, kill=False):
        self.kill() if kill else self.stop()
        return self.start()

    def _forget(self):
        if self.process:
            self.process.stdout.close()
        self.process = None
        self.session.close()
        self.session = requests.Session()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def request(self, method, path, **kwargs):
        kwargs.setdefault("timeout", 20 * SLOW)
        return self.session.request(method, self.http + path, **kwargs)

    def get(self, path, **kwargs):
        """The JSON of a GET that must succeed."""
        return self._ok(self.request("GET", path, **kwargs), 200)

    def post(self, path, body, **kwargs):
        return self._ok(self.request("POST", path, json=body, **kwargs), 201)

    def put(self, path, body, **kwargs):
        return self._ok(self.request("PUT", path, json=body, **kwargs), 200)

    def patch(self, path, body, **kwargs):
        return self._ok(self.request("PATCH", path, json=body, **kwargs), 200)

    def delete(self, path, **kwargs):
        reply = self.request("DELETE", path, **kwargs)
        assert reply.status_code == 204, f"DELETE {path}: {reply.status_code} {reply.text}"

    def _ok(self, reply, status):
        assert reply.status_code == status, f"{reply.request.method} {reply.request.path_url}: " \
                                            f"{reply.status_code} {reply.text}\nlog of {self.name}:\n{self.log()[-4000:]}"
        return reply.json()


class Network:
    """Daemons that share a secret; whatever still runs at the end is stopped."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.daemons = []
        self.secret_file = self.folder / "secret"
        self.secret_file.write_text("a secret for tests only 0123456789\n")
        self.secret_file.chmod(0o600)

    def __enter__(self):
        return self

    def daemon(self, name, peers=(), args=(), start=True, secret=True, env=None):
        daemon = Daemon(self.folder / name, name, self.secret_file if secret else None, peers, args, env)
        self.daemons.append(daemon)
        return daemon.start() if start else daemon

    def wait_online(self, timeout_s=20.0):
        """Until every running daemon sees every other one online."""
        running = [d for d in self.daemons if d.is_running()]

        def all_online():
            for daemon in running:
                states = {p["peer_uid"]: p["state"] for p in daemon.get("/peers")}
                if any(states.get(other.uid) != "online" for other in running if other is not daemon):
                    return False
            return True

        wait_until(all_online, timeout_s, "every peer online at every peer")

    def __exit__(self, kind, value, trace):
        failures = []
        for daemon in self.daemons:
            try:
                if kind is None:
                    daemon.stop()
                else:
                    print(f"--- log of {daemon.name}\n{daemon.log()[-6000:]}")
                    daemon.kill()
            except AssertionError as failure:
                failures.append(str(failure))
        assert not failures, "\n".join(failures)


def write_wav(path, seconds=2.0, rate=44100, channels=2, seed=1, width=2):
    """16-bit noise with a tone: no two stretches are alike, so a match proves the position, too."""
    rng = random.Random(seed)
    frames = int(seconds * rate)
    samples = array.array("h", (
        int(9000 * math.sin(i // channels * 0.05) + rng.randint(-9000, 9000)) or 1
        for i in range(frames * channels)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return samples.tobytes()


def read_wav(path):
    """The PCM bytes of a WAV file, also of one whose writer was killed."""
    with wave.open(str(path), "rb") as file:
        return file.readframes(file.getnframes())


def create_player(daemon, path, via=None, **virtual):
    """A file player endpoint on `daemon`, asked for through `via` (or the daemon itself)."""
    body = {"display_name": "Player", "virtual": {"kind": "file_player", "path": path, **virtual}}
    return (via or daemon).post(f"/peers/{daemon.uid}/endpoints", body)


def create_recorder(daemon, path, via=None):
    body = {"display_name": "Recorder", "virtual": {"kind": "file_recorder", "path": path}}
    return (via or daemon).post(f"/peers/{daemon.uid}/endpoints", body)


def create_stream(daemon, source, destination, **fields):
    """A stream between two endpoint resources, asked for through `daemon`."""
    return daemon.post("/streams", {
        "source": {"connection_type": "endpoint", "endpoint_uri": source["endpoint_uri"]},
        "destination": {"connection_type": "endpoint", "endpoint_uri": destination["endpoint_uri"]},
        **fields})


def stream_state(daemon, stream):
    return daemon.get(stream["stream_uri"])["state"]


def wait_active(daemon, stream, timeout_s=20.0):
    wait_until(lambda: stream_state(daemon, stream) == "active", timeout_s, f"stream active at {daemon.name}")


def wait_finished(daemon, endpoint, timeout_s=60.0):
    """Until a player came to the end of its file."""
    wait_until(lambda: daemon.get(endpoint["endpoint_uri"])["virtual"].get("finished"), timeout_s, "player finished")
