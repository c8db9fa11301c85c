"""Verifies an exported log with nothing but Python: python3 verify.py [FOLDER [KEY]]

The folder is a C2SP tiled log: entries and hashes in tiles, and a checkpoint that the log signed.
KEY is the log's key as you were given it by another way (`name+hash+base64`, or a file that holds
it); without it the key beside the export is taken, which proves that the export fits together and
not whose it is.
"""

import base64
import hashlib
import json
import os
import sys

WIDTH = 256


class Broken(Exception):
    """What does not hold."""


def main(folder=".", key=None):
    log = read(folder, "key") if key is None else read(*os.path.split(key)) if os.path.exists(key) else key.encode()
    name, text, size, root = checkpoint(read(folder, "checkpoint"), log.decode().strip())
    hashes, before = [], bytes(32)
    for first in range(0, size, WIDTH):
        width = min(WIDTH, size - first)
        bundle = read(folder, tile("entries", first // WIDTH, width))
        found = list(split(bundle))
        if len(found) != width:
            raise Broken(f"the entries from {first} are {len(found)} instead of {width}")
        for place, entry in enumerate(found, first):
            leaf = json.loads(entry)
            if leaf["seq"] != place or bytes.fromhex(leaf["prev"]) != before:
                raise Broken(f"entry {place} does not follow the one before it")
            before = hashlib.sha256(b"\0" + entry).digest()
            hashes.append(before)
    tree(folder, hashes)
    if over(hashes) != root:
        raise Broken("the entries do not have the root that the checkpoint names")
    print(f"{size} entries, unchanged since {name} signed them")


def tree(folder, hashes):
    """Every tile of hashes holds what the level below it makes."""
    level = 0
    while hashes:
        for first in range(0, len(hashes), WIDTH):
            part = hashes[first : first + WIDTH]
            path = tile(level, first // WIDTH, len(part))
            if read(folder, path) != b"".join(part):
                raise Broken(f"{path} is not what the entries make")
        whole = len(hashes) // WIDTH * WIDTH
        hashes = [over(hashes[first : first + WIDTH]) for first in range(0, whole, WIDTH)]
        level += 1


def over(hashes):
    """The root over hashes (RFC 6962, 2.1)."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + over(hashes[:middle]) + over(hashes[middle:])).digest()


def tile(level, index, width):
    """The path of a tile (C2SP tlog-tiles)."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < WIDTH else "")


def split(bundle):
    """The entries of a bundle, each behind its length."""
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        if len(bundle) < 2 + length:
            raise Broken("a bundle ends in the middle of an entry")
        yield bundle[2 : 2 + length]
        bundle = bundle[2 + length :]


def checkpoint(note, key):
    """What the log signed (C2SP signed-note, tlog-checkpoint): its name, size and root."""
    name, number, encoded = key.split("+", 2)
    public = decoded(encoded)
    if public[:1] != b"\1" or hashlib.sha256(name.encode() + b"\n" + public).digest()[:4].hex() != number:
        raise Broken("the key is none that signs checkpoints")
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    mine = f"\u2014 {name} ".encode()
    lines = [line[len(mine) :] for line in signatures.split(b"\n") if line.startswith(mine)]
    ours = [decoded(line.decode()) for line in lines]
    ours = [line[4:] for line in ours if line[:4].hex() == number]
    if not ours or not all(signed(public[1:], text, signature) for signature in ours):
        raise Broken("the checkpoint was not signed with this key")
    origin, size, root = text.decode().splitlines()
    if origin != name:
        raise Broken(f"the checkpoint is of the log {origin}")
    return name, text, int(size), decoded(root)


def decoded(text):
    """Base64, of which there is one spelling only."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise Broken("base64 with bits that say nothing")
    return data


def read(folder, path):
    try:
        with open(os.path.join(folder, path), "rb") as file:
            return file.read()
    except OSError as error:
        raise Broken(f"{path} cannot be read: {error.strerror}") from None


# Ed25519 (RFC 8032): points are (X, Y, Z, T) with x = X/Z, y = Y/Z and T = XY/Z.

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)


def signed(key, message, signature):
    base = point((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little"))
    public, nonce = point(key), point(signature[:32])
    factor = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or public is None or nonce is None or factor >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    left = times(factor, base)
    right = add(nonce, times(int.from_bytes(digest, "little") % ORDER, public))
    same = lambda at: (left[at] * right[2] - right[at] * left[2]) % PRIME == 0
    return same(0) and same(1)


def point(encoded):
    y = int.from_bytes(encoded, "little")
    odd, y = y >> 255, y & ((1 << 255) - 1)
    above, below = (y * y - 1) % PRIME, (CURVE * y * y + 1) % PRIME
    x = above * below**3 * pow(above * below**7, (PRIME - 5) // 8, PRIME) % PRIME
    if (below * x * x - above) % PRIME:
        x = x * ROOT_OF_MINUS_ONE % PRIME
    if y >= PRIME or (below * x * x - above) % PRIME or (x == 0 and odd):
        return None
    x = PRIME - x if x & 1 != odd else x
    return x, y, 1, x * y % PRIME


def add(one, other):
    minus = (one[1] - one[0]) * (other[1] - other[0])
    plus = (one[1] + one[0]) * (other[1] + other[0])
    twisted, scaled = 2 * CURVE * one[3] * other[3], 2 * one[2] * other[2]
    e, f, g, h = plus - minus, scaled - twisted, scaled + twisted, plus + minus
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def times(number, one):
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, one)
        one, number = add(one, one), number >> 1
    return total


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Broken, ValueError, KeyError, TypeError) as error:
        sys.exit(f"broken: {error}")
