# SPDX-License-Identifier: MPL-2.0
"""The daemon as a program: command line, start, refusals, settings that survive, clean stop."""

import json
import os
import signal
import socket
import subprocess

import pytest

from harness import SLOW, create_player, program, wait_until, write_wav


def run(*args, env=None):
    return subprocess.run([program(), *args], capture_output=True, text=True, timeout=30 * SLOW,
                          env={**os.environ, **(env or {})}, check=False)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_go_to_stdout(option):
    done = run(option)
    assert done.returncode == 0 and "rocd" in done.stdout and done.stderr == ""


@pytest.mark.parametrize("args", [
    ["--bogus"], ["--http"], ["--http", "nonsense"], ["--http", "127.0.0.1:99999"], ["--p2p", "127.0.0.1:-1"],
    ["--media-ports", "9-1"], ["--media-ports", "x"], ["--peer", "nohost"], ["--log", "loud"], ["--impair", "loss=200%"],
    ["--impair", "luck=1"], ["stray"],
])
def test_wrong_usage_says_so_in_one_sentence(args):
    done = run(*args)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert args[-1].lstrip("-").split("=")[0] in done.stderr or args[0] in done.stderr


def refused(tmp_path, *args):
    done = run("--state-dir", str(tmp_path / "state"), *args)
    assert done.returncode == 1 and done.stdout == "", done
    assert done.stderr.strip(), "a sentence is owed"
    return done.stderr


def test_wide_open_listening_is_refused(tmp_path):
    assert "0.0.0.0" in refused(tmp_path, "--http", "0.0.0.0:0", "--p2p", "127.0.0.1:0")
    assert "secret" in refused(tmp_path, "--http", "127.0.0.1:0", "--p2p", "0.0.0.0:0")


def test_short_secret_and_readable_secret_are_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("short\n")
    secret.chmod(0o600)
    refused(tmp_path, "--http", "127.0.0.1:0", "--p2p", "127.0.0.1:0", "--secret-file", str(secret))
    secret.write_text("long enough to be a secret of a network\n")
    secret.chmod(0o644)
    refused(tmp_path, "--http", "127.0.0.1:0", "--p2p", "127.0.0.1:0", "--secret-file", str(secret))
    assert str(tmp_path / "none") in refused(tmp_path, "--http", "127.0.0.1:0", "--p2p", "127.0.0.1:0",
                                             "--secret-file", str(tmp_path / "none"))


def test_port_in_use_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert str(port) in refused(tmp_path, "--http", f"127.0.0.1:{port}", "--p2p", "127.0.0.1:0")
        assert str(port) in refused(tmp_path, "--http", "127.0.0.1:0", "--p2p", f"127.0.0.1:{port}")


def test_second_daemon_on_the_same_state_is_refused(net):
    daemon = net.daemon("studio")
    done = run("--state-dir", str(daemon.state), "--http", "127.0.0.1:0", "--p2p", "127.0.0.1:0")
    assert done.returncode == 1 and str(daemon.state) in done.stderr
    assert daemon.get("/healthz")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_it_cleanly(net, number):
    daemon = net.daemon("studio")
    daemon.process.send_signal(number)
    assert daemon.process.wait(20 * SLOW) == 0


def test_configuration_file_and_command_line(tmp_path, net):
    file = tmp_path / "rocd.yaml"
    file.write_text("name: from file\n")
    daemon = net.daemon("studio", args=["--config", str(file)])
    assert daemon.get("/peers/self")["display_name"] == "studio", "the command line wins"

    file.write_text("name: x\nnonsense: 1\n")
    done = run("--config", str(file), "--check-config")
    assert done.returncode == 1 and "nonsense" in done.stderr and str(file) in done.stderr
    file.write_text("name: x\n")
    assert run("--config", str(file), "--check-config").returncode == 0


def test_settings_survive_kill(net):
    daemon = net.daemon("studio")
    write_wav(daemon.media / "song.wav", 0.2)
    player = create_player(daemon, "song.wav", loop=True)
    changed = daemon.patch(player["endpoint_uri"], {"display_name": "Radio", "volume": 0.5, "muted": True})
    assert (changed["display_name"], changed["volume"], changed["muted"]) == ("Radio", 0.5, True)
    daemon.patch("/peers/self", {"display_name": "Attic"})
    uid = daemon.uid
    daemon.kill()
    daemon.start()
    assert daemon.uid == uid
    after = daemon.get(player["endpoint_uri"])
    for field in ("display_name", "volume", "muted", "virtual", "endpoint_uid", "system_name"):
        assert after[field] == changed[field]


def test_player_whose_file_is_gone_is_kept_and_comes_back(net):
    daemon = net.daemon("studio")
    write_wav(daemon.media / "song.wav", 0.2)
    player = create_player(daemon, "song.wav")
    daemon.stop()
    (daemon.media / "song.wav").rename(daemon.media / "away.wav")
    daemon.start()
    view = daemon.get(player["endpoint_uri"])
    assert view["state"] in ("failed", "unavailable") and "song.wav" in view["reason"]["text"]
    (daemon.media / "away.wav").rename(daemon.media / "song.wav")
    wait_until(lambda: daemon.get(player["endpoint_uri"])["state"] == "available", 20, "the player is back")


def test_events_replay_then_ready_then_changes(net):
    daemon = net.daemon("studio")
    write_wav(daemon.media / "song.wav", 0.2)
    first = create_player(daemon, "song.wav")
    with daemon.session.get(daemon.http + "/events", stream=True, timeout=20 * SLOW) as reply:
        assert reply.headers["Content-Type"].startswith("text/event-stream")
        events = read_events(reply)
        seen = []
        for name, data in events:
            if name == "ready":
                break
            seen.append((name, data.get("endpoint_uid")))
        assert ("endpoint_added", first["endpoint_uid"]) in seen and any(name == "peer_added" for name, _ in seen)
        # Each change is read before the next is made, or they would be merged.
        second = create_player(daemon, "song.wav")
        assert next_of(events, second, "endpoint_added")["display_name"] == "Player"
        daemon.patch(second["endpoint_uri"], {"display_name": "Second"})
        assert next_of(events, second, "endpoint_updated")["display_name"] == "Second"
        daemon.delete(second["endpoint_uri"])
        next_of(events, second, "endpoint_removed")


def next_of(events, endpoint, expected):
    """The next event that is about this endpoint; it must be of the expected kind."""
    for name, data in events:
        if data and data.get("endpoint_uid") == endpoint["endpoint_uid"]:
            assert name == expected
            return data
    raise AssertionError(f"the stream ended before {expected}")


def read_events(reply):
    name, data = None, []
    for line in reply.iter_lines(chunk_size=1, decode_unicode=True):
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].strip())
        elif line == "" and name:
            yield name, json.loads("\n".join(data) or "null")
            name, data = None, []


def test_http_to_the_peer_port_costs_nothing(net):
    studio = net.daemon("studio")
    kitchen = net.daemon("kitchen", peers=[studio])
    net.wait_online()
    host, port = studio.p2p_address.rsplit(":", 1)
    for noise in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\xff" * 4096, b""):
        with socket.create_connection((host, int(port)), timeout=5) as client:
            client.sendall(noise)
    assert kitchen.get("/healthz") and studio.get("/healthz")
    net.wait_online()
