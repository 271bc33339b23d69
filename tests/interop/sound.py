# SPDX-License-Identifier: MPL-2.0
"""WAV files as 16-bit samples, whatever their format, so that they compare byte for byte."""

import array
import random
import struct
import wave

RATE = 44100


def write_noise(path, frames, channels, seed, rate=RATE):
    """Returns the samples, as bytes."""
    source = random.Random(seed)
    samples = array.array("h", (source.randint(-30000, 30000) for _ in range(frames * channels)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return samples.tobytes()


def _chunks(data):
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        # A program that was stopped may leave the size of what it wrote open.
        yield name, data[position + 8:position + 8 + size] if 0 < size < 0x7fffffff else data[position + 8:]
        position += 8 + size + size % 2


def read_16_bit(path):
    """Samples of a WAV file of 32-bit integers or floats.

    Those that need more than 16 bits, as concealed ones do, get a bit flipped, so that they equal nothing that was sent.
    """
    chunks = dict(_chunks(path.read_bytes()))
    header = chunks[b"fmt "]
    kind = struct.unpack_from("<H", header, 24 if header[:2] == b"\xfe\xff" else 0)[0]
    data = chunks.get(b"data", b"")
    data = data[:len(data) // 4 * 4]
    if kind == 3:
        scaled = [x * 32768 for x in array.array("f", data)]
        samples = [int(x) if int(x) == x else int(x) ^ 0x2000 for x in scaled]
    else:
        wide = array.array("i", data)
        samples = [x >> 16 if not x & 0xffff else x >> 16 ^ 0x2000 for x in wide]
    return array.array("h", samples).tobytes()
