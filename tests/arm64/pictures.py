"""Compares the pages that two machines made of one file: pictures.py ONE OTHER. Names, texts and sizes in pixels must be the same.

How far pixels are apart is told; more than a little, which rounding does not do, fails as well.
"""

import pathlib
import struct
import sys
import zlib

MOST_APART = 2.0  # mean of the differences of a picture's samples, of 255


def unfilter(kind, line, above, step):
    """One line of a PNG (its specification, section 9), in place."""
    for at, value in enumerate(line):
        left = line[at - step] if at >= step else 0
        up = above[at]
        if kind == 4:
            corner = above[at - step] if at >= step else 0
            guess = left + up - corner
            value += min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
        else:
            value += {0: 0, 1: left, 2: up, 3: (left + up) // 2}[kind]
        line[at] = value & 255
    return line


def png(data):
    """Size, and all samples."""
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    at, packed = 8, b""
    while at < len(data):
        (size,) = struct.unpack(">I", data[at:at + 4])
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    raw = zlib.decompress(packed)
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row, step = (width * bits + 7) // 8, max(1, bits // 8)
    lines, above = bytearray(), bytearray(row)
    for start in range(0, len(raw), row + 1):
        above = unfilter(raw[start], bytearray(raw[start + 1:start + 1 + row]), above, step)
        lines += above
    return (width, height, depth, colour), lines


def jpeg_size(data):
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    return struct.unpack(">HH", data[at + 5:at + 9])


def compare(name, one, other):
    """What is to be told of them; what is wrong begins with MISSED."""
    if one == other:
        return "the same bytes"
    if name.endswith(".txt"):
        return "MISSED: texts differ"
    if name.endswith(".jpg"):
        same = jpeg_size(one) == jpeg_size(other)
        return f"{'' if same else 'MISSED: '}{jpeg_size(one)} and {jpeg_size(other)} pixels, {len(one)} and {len(other)} bytes"
    (size, ours), (other_size, theirs) = png(one), png(other)
    if size != other_size:
        return f"MISSED: {size} and {other_size} pixels"
    apart = [abs(left - right) for left, right in zip(ours, theirs)]
    mean = sum(apart) / len(apart)
    words = (f"{size[0]} x {size[1]} pixels, {sum(map(bool, apart))} of {len(apart)} samples differ, by {max(apart)} at most and "
             f"{mean:.4f} in the mean, {len(one)} and {len(other)} bytes")
    return words if mean <= MOST_APART else f"MISSED: {words}"


def main():
    folders = [pathlib.Path(name) for name in sys.argv[1:3]]
    names = [sorted(path.name for path in folder.iterdir()) for folder in folders]
    if not names[0] or names[0] != names[1]:
        sys.exit(f"pictures: MISSED: {names[0]} and {names[1]}")
    told = {name: compare(name, *((folder / name).read_bytes() for folder in folders)) for name in names[0]}
    for name, words in told.items():
        print(f"pictures: {name}: {words}")
    sys.exit(1 if any(words.startswith("MISSED") for words in told.values()) else 0)


if __name__ == "__main__":
    main()
