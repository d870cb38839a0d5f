"""Make one GB of random numbers, write them to a file, and hash it twice, as who stores and who fetches it must."""

import os

import numpy
from blake3 import blake3

NAME = "gigabyte.npy"

if __name__ == "__main__":
    numpy.save(NAME, numpy.random.default_rng(0).random(125_000_000))
    digests = {blake3().update_mmap(NAME).hexdigest() for _ in range(2)}
    os.unlink(NAME)
    raise SystemExit(len(digests) != 1)
