"""Ways to spoil what a person hands over: bytes of a file, and the arrays of a checkpoint."""

import contextlib
import json

import numpy as np

#: What turns up in files and should not.
WORDS = [
    b"-9999", b"NA", b"inf", b"1e999", b"\x00", b"\xff", b'"', b",", b";", b"\t", b"\n", b"\r",
    b"nan", b"0", b"-1", b"1e308", b"<0.1", b"100+", b"\xef\xbb\xbf", b"#", b"sep=;\n", b"TRUE",
    "½".encode(), "٣".encode(), b"0x1A", b"1_000", b"2024-05-10", b"=1+1", b"PK\x03\x04",
]  # fmt: skip


def mangled(content, rng):
    """Return content with a few bytes or words changed, cut, doubled or moved."""
    data = bytearray(content)
    for _ in range(min(4, rng.geometric(0.6))):
        at = int(rng.integers(0, len(data) + 1))
        kind = rng.integers(0, 8)
        digits = [i for i, byte in enumerate(data) if 48 <= byte < 58]
        if kind > 4 and digits:  # a slip of the key
            data[digits[rng.integers(len(digits))]] = int(rng.integers(48, 58))
        elif kind == 0:
            data[at : at + 1] = bytes([rng.integers(0, 256)])
        elif kind == 1:
            data[at:at] = WORDS[rng.integers(0, len(WORDS))]
        elif kind == 2:
            del data[at : at + int(rng.integers(1, 40))]
        elif kind == 3:
            data[at:at] = data[at : at + int(rng.integers(1, 80))]
        else:
            cells = bytes(data).split(b",")
            cells[rng.integers(0, len(cells))] = WORDS[rng.integers(0, len(WORDS))]
            data = bytearray(b",".join(cells))
    return bytes(data)


def spoilt(content, rng):
    """Return binary content with bits turned, pieces lost, doubled or exchanged."""
    bad = bytearray(content)
    at, end = sorted(rng.integers(0, len(bad), 2).tolist())
    match rng.integers(5):
        case 0:
            bad[at] ^= 1 << int(rng.integers(8))
        case 1:
            del bad[at : min(end, at + 40)]
        case 2:
            bad[at:at] = bad[at : min(end, at + 40)]
        case 3:
            del bad[at:]
        case 4:
            bad[at : at + 8] = rng.bytes(8)
    return bytes(bad)


# Whole and wrong --------------------------------------------------------------------------------


def numbers(rng, values):
    """One number, a row, or all of them become something else of the same type."""
    values = values.copy()
    kind = values.dtype
    wild = [0, 1, -1, 2, 7, 127, -128, 1000, 2**31 - 1, -(2**31), 2**62]
    if kind.kind == "f":
        wild += [np.nan, np.inf, -np.inf, 1e300, 5e-324, -1e-12, 0.5]
    with np.errstate(all="ignore"):
        new = np.array(wild[rng.integers(len(wild))]).astype(kind)
    if values.ndim == 0:
        return new
    flat = values.reshape(-1)
    match rng.integers(4):
        case 0:
            flat[rng.integers(flat.size)] = new
        case 1:
            flat[rng.integers(flat.size) :] = new
        case 2:
            flat[rng.integers(flat.size)] = flat[rng.integers(flat.size)]
        case 3:
            rng.shuffle(flat)
    return values


def shapes(rng, values):
    """Another shape, order or type."""
    match rng.integers(6):
        case 0:
            return np.asfortranarray(values.T)
        case 1:
            return values.reshape(-1)[: max(1, values.size // 2)]
        case 2:
            return np.concatenate([values.reshape(-1)] * 2)
        case 3:
            return values[..., np.newaxis]
        case 4:
            return values.astype([np.float32, np.complex128, "U5", np.uint64][rng.integers(4)])
        case _:
            return np.zeros((0, *values.shape[1:]), values.dtype)


def texts(rng, values):
    """A text that is nearly the right one."""
    text = str(values)
    at = int(rng.integers(len(text)))
    return np.array(
        [
            text[:at],
            text[:at] + text[at + 1 :],
            text.replace("PCG64", "default_rng"),
            text.replace("state", "stat"),
            "[]",
            "null",
            json.dumps({"bit_generator": "PCG64", "state": {"state": -1, "inc": 2**200}}),
        ][rng.integers(7)]
    )


def mutated(arrays, rng):
    """Change one to three entries; the digest is that of what is there, as a forger would have."""
    arrays = dict(arrays)
    for _ in range(rng.integers(1, 4)):
        name = list(arrays)[rng.integers(len(arrays))]
        with np.errstate(all="ignore"), contextlib.suppress(ValueError):
            how = texts if arrays[name].dtype.kind == "U" else (numbers, shapes)[rng.integers(2)]
            arrays[name] = how(rng, arrays[name])
        if rng.random() < 0.05:
            arrays.pop(name, None)
    return arrays


def same(one, other):
    """Say whether two sets of arrays are the same to the last bit."""
    return one.keys() == other.keys() and all(
        one[k].dtype == other[k].dtype
        and one[k].shape == other[k].shape
        and one[k].tobytes() == other[k].tobytes()
        for k in one
    )
