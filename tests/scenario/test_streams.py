# SPDX-License-Identifier: MPL-2.0
"""Sound between two daemons: connected by one REST call, bit-exact, through loss, restarts and kills."""

import struct
import wave

import pytest

from harness import (create_player, create_recorder, create_stream, read_wav, stream_state, wait_active, wait_finished,
                     wait_until, write_wav)


def pair(net, *studio_args):
    """Two peers; only the kitchen is told an address."""
    studio = net.daemon("studio", args=studio_args)
    kitchen = net.daemon("kitchen", peers=[studio])
    net.wait_online()
    return studio, kitchen


def receiver_metrics(daemon, stream):
    return daemon.get(stream["stream_uri"] + "/metrics").get("receiver") or {}


def wait_drained(daemon, stream, studio, player):
    """Until the file was played and what was on its way has arrived: frames received stop to lag."""
    wait_finished(studio, player)
    played = studio.get(player["endpoint_uri"])["virtual"]["length_frames"]
    wait_until(lambda: receiver_metrics(daemon, stream).get("frames", 0) > played + 4410, 30, "the tail arrived")


def recording(kitchen, recorder):
    return read_wav(kitchen.media / kitchen.get(recorder["endpoint_uri"])["virtual"]["file"])


@pytest.mark.parametrize("loss", [0, 5])
@pytest.mark.parametrize("asked", ["studio", "kitchen"])
def test_stream_between_peers_is_bit_exact(net, loss, asked):
    studio, kitchen = pair(net, *(["--impair", f"loss={loss}%,seed=11"] if loss else []))
    through = {"studio": studio, "kitchen": kitchen}[asked]
    sent = write_wav(studio.media / "song.wav", 3.0)
    player = create_player(studio, "song.wav", via=through)
    recorder = create_recorder(kitchen, "take.wav", via=through)

    stream = create_stream(through, player, recorder)
    wait_active(through, stream)
    wait_drained(through, stream, studio, player)
    metrics = receiver_metrics(through, stream)
    through.delete(stream["stream_uri"])

    assert sent in recording(kitchen, recorder)
    if loss:
        assert metrics["packets_lost"] > 0
        # What is lost counts at once, what is recovered when it is played: some are in between.
        assert metrics["packets_recovered"] > 0
        assert 0 <= metrics["packets_lost"] - metrics["packets_recovered"] <= 20
    else:
        assert metrics["packets_lost"] == 0
    assert metrics["frames_concealed"] == 0


@pytest.mark.parametrize("rate,channels", [(48000, 2), (44100, 1), (32000, 1)])
def test_stream_carries_the_format_of_its_source(net, rate, channels):
    studio, kitchen = pair(net)
    sent = write_wav(studio.media / "song.wav", 1.0, rate, channels)
    player = create_player(studio, "song.wav")
    recorder = create_recorder(kitchen, "take.wav")
    stream = create_stream(studio, player, recorder)
    wait_drained(studio, stream, studio, player)
    studio.delete(stream["stream_uri"])
    assert sent in recording(kitchen, recorder)


@pytest.mark.parametrize("loss", [0, 5])
def test_stream_of_24_bits_is_bit_exact(net, loss):
    studio, kitchen = pair(net, *(["--impair", f"loss={loss}%,seed=5"] if loss else []))
    sent = write_wav(studio.media / "song.wav", 3.0, 48000, width=3)
    player, recorder = create_player(studio, "song.wav"), create_recorder(kitchen, "take.wav")
    stream = create_stream(kitchen, player, recorder, transport={"encoding": "l24"})
    assert studio.get(stream["stream_uri"])["transport"]["encoding"] == "l24"
    wait_drained(kitchen, stream, studio, player)
    kitchen.delete(stream["stream_uri"])
    path = kitchen.media / kitchen.get(recorder["endpoint_uri"])["virtual"]["file"]
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 3
    assert sent in read_wav(path)


def test_stream_of_floats_is_bit_exact(net):
    studio, kitchen = pair(net)
    sent = write_wav(studio.media / "song.wav", 2.0, 48000, width=3)
    player, recorder = create_player(studio, "song.wav"), create_recorder(kitchen, "take.wav")
    stream = create_stream(studio, player, recorder, transport={"encoding": "f32"})
    wait_drained(studio, stream, studio, player)
    studio.delete(stream["stream_uri"])
    file = (kitchen.media / kitchen.get(recorder["endpoint_uri"])["virtual"]["file"]).read_bytes()
    assert file[20:22] == b"\x03\x00", "WAVE_FORMAT_IEEE_FLOAT"
    floats = (int.from_bytes(sent[i:i + 3], "little", signed=True) / 2 ** 23 for i in range(0, len(sent), 3))
    assert struct.pack(f"<{len(sent) // 3}f", *floats) in file


def test_stream_of_any_format_between_peers(net):
    """5.1 at a rate that no table lists, in packets that would not fit a frame of Ethernet."""
    studio, kitchen = pair(net)
    sent = write_wav(studio.media / "song.wav", 1.0, 47999, 6)
    player, recorder = create_player(studio, "song.wav"), create_recorder(kitchen, "take.wav")
    stream = create_stream(studio, player, recorder)
    wait_drained(studio, stream, studio, player)
    studio.delete(stream["stream_uri"])
    assert sent in recording(kitchen, recorder)


def test_stream_within_one_peer_needs_no_network(net):
    studio = net.daemon("studio")
    sent = write_wav(studio.media / "song.wav", 1.0)
    player, recorder = create_player(studio, "song.wav"), create_recorder(studio, "take.wav")
    stream = create_stream(studio, player, recorder)
    wait_active(studio, stream)
    wait_finished(studio, player)
    studio.delete(stream["stream_uri"])
    assert sent in recording(studio, recorder)


def test_every_peer_shows_the_same_stream(net):
    studio, kitchen = pair(net)
    write_wav(studio.media / "song.wav", 1.0)
    player, recorder = create_player(studio, "song.wav", loop=True), create_recorder(kitchen, "take.wav")
    stream = create_stream(kitchen, player, recorder, display_name="Morning")
    wait_active(studio, stream)
    wait_active(kitchen, stream)

    def view(daemon):
        return daemon.get(stream["stream_uri"])

    wait_until(lambda: view(studio) == view(kitchen), 5, "both peers show the stream alike")
    assert view(kitchen)["owner_uri"] == f"/peers/{studio.uid}"
    assert view(kitchen)["display_name"] == "Morning"

    kitchen.patch(stream["stream_uri"], {"display_name": "Evening"})
    wait_until(lambda: view(studio)["display_name"] == view(kitchen)["display_name"] == "Evening", 5, "the new name")

    studio.delete(stream["stream_uri"])
    for daemon in (studio, kitchen):
        wait_until(lambda d=daemon: d.get("/streams") == [], 5, "the stream is gone everywhere")
    assert kitchen.request("GET", stream["stream_uri"]).status_code == 404


def test_failed_creation_leaves_nothing(net):
    studio, kitchen = pair(net)
    write_wav(studio.media / "song.wav", 1.0)
    player, recorder = create_player(studio, "song.wav"), create_recorder(kitchen, "take.wav")

    kitchen.kill()
    wait_until(lambda: [p["state"] for p in studio.get("/peers")].count("offline") == 1, 20, "kitchen is offline")
    body = {"source": {"connection_type": "endpoint", "endpoint_uri": player["endpoint_uri"]},
            "destination": {"connection_type": "endpoint", "endpoint_uri": recorder["endpoint_uri"]}}
    reply = studio.request("POST", "/streams", json=body)
    assert reply.status_code == 503, reply.text
    assert reply.json()["error_code"] == "unavailable"
    assert studio.get("/streams") == []

    kitchen.start()
    net.wait_online()
    gone = body | {"destination": {"connection_type": "endpoint",
                                   "endpoint_uri": f"/peers/{kitchen.uid}/endpoints/aaaaaa-bbbbbb-cccccc"}}
    reply = studio.request("POST", "/streams", json=gone)
    assert reply.status_code == 404, reply.text
    assert studio.get("/streams") == [] and kitchen.get("/streams") == []
    assert studio.get(player["endpoint_uri"])["state"] == "available"


def playing(daemon, stream):
    """Whether packets arrive: the receiver's count rises."""
    before = receiver_metrics(daemon, stream).get("packets_received", 0)
    wait_until(lambda: receiver_metrics(daemon, stream).get("packets_received", 0) not in (0, before), 20,
               "packets arrive")
    return True


@pytest.mark.parametrize("how", ["stop", "kill"])
@pytest.mark.parametrize("who", ["studio", "kitchen"])
def test_stream_plays_again_after_a_peer_comes_back(net, who, how):
    studio, kitchen = pair(net)
    write_wav(studio.media / "song.wav", 1.0)
    player, recorder = create_player(studio, "song.wav", loop=True), create_recorder(kitchen, "take.wav")
    stream = create_stream(kitchen, player, recorder)
    wait_active(kitchen, stream)
    endpoints = {d.name: d.get("/peers/self/endpoints") for d in (studio, kitchen)}

    victim = {"studio": studio, "kitchen": kitchen}[who]
    uid = victim.uid
    victim.restart(kill=how == "kill")

    assert victim.uid == uid
    net.wait_online()
    wait_active(studio, stream)
    wait_active(kitchen, stream)
    assert playing(kitchen, stream)
    for daemon in (studio, kitchen):
        after = daemon.get("/peers/self/endpoints")
        assert [e["endpoint_uid"] for e in after] == [e["endpoint_uid"] for e in endpoints[daemon.name]]
        assert [e["display_name"] for e in after] == [e["display_name"] for e in endpoints[daemon.name]]


def test_owner_that_stays_away_releases_the_other_half(net):
    studio, kitchen = pair(net)
    write_wav(studio.media / "song.wav", 1.0)
    player, recorder = create_player(studio, "song.wav", loop=True), create_recorder(kitchen, "take.wav")
    stream = create_stream(kitchen, player, recorder)
    wait_active(kitchen, stream)
    assert kitchen.get(recorder["endpoint_uri"])["state"] == "in_use"

    studio.kill()
    wait_until(lambda: kitchen.get(recorder["endpoint_uri"])["state"] == "available", 30, "the recorder is released")
    view = kitchen.get(stream["stream_uri"])
    assert view["state"] != "active" and view["reason"]["code"] == "owner_offline"
    assert len(read_wav(kitchen.media / "take.wav")) > 0


def test_disabled_stream_waits_and_plays_when_enabled(net):
    studio, kitchen = pair(net)
    write_wav(studio.media / "song.wav", 1.0)
    player, recorder = create_player(studio, "song.wav", loop=True), create_recorder(kitchen, "take.wav")
    stream = create_stream(studio, player, recorder, enabled=False)
    assert stream_state(studio, stream) == "idle"
    assert kitchen.get(recorder["endpoint_uri"])["state"] == "available"
    kitchen.patch(stream["stream_uri"], {"enabled": True})
    wait_active(kitchen, stream)
    kitchen.patch(stream["stream_uri"], {"enabled": False})
    wait_until(lambda: kitchen.get(recorder["endpoint_uri"])["state"] == "available", 10, "the recorder is released")
    assert stream_state(studio, stream) == "idle"


def test_one_player_feeds_two_recorders_and_takes_keep_their_files(net):
    studio, kitchen = pair(net)
    sent = write_wav(studio.media / "song.wav", 1.5)
    player = create_player(studio, "song.wav")
    recorders = [create_recorder(kitchen, "one.wav"), create_recorder(kitchen, "two.wav")]
    streams = [create_stream(kitchen, player, recorder) for recorder in recorders]
    wait_drained(kitchen, streams[1], studio, player)
    for stream in streams:
        kitchen.delete(stream["stream_uri"])
    assert sent in recording(kitchen, recorders[0])

    again = create_stream(kitchen, player, recorders[0])
    wait_drained(kitchen, again, studio, player)
    kitchen.delete(again["stream_uri"])
    assert sent in read_wav(kitchen.media / "one-2.wav")
    assert sent in read_wav(kitchen.media / "one.wav")


def test_recording_is_readable_after_kill(net):
    studio, kitchen = pair(net)
    write_wav(studio.media / "song.wav", 1.0)
    player, recorder = create_player(studio, "song.wav", loop=True), create_recorder(kitchen, "take.wav")
    stream = create_stream(kitchen, player, recorder)
    wait_until(lambda: receiver_metrics(kitchen, stream).get("frames", 0) > 3 * 44100, 30, "3 s were recorded")
    kitchen.kill()
    assert len(read_wav(kitchen.media / "take.wav")) >= 44100 * 4
