"""Section 1 of ckpt-pack.md: checksums, verdicts and fields. Part of
decode.py.
"""
import struct

import xxhash


# ---- 1. Conventions ----

def xxh3(data):  # 1.2
    return xxhash.xxh3_64_intdigest(data)


class Refused(Exception):  # 1.4
    def __init__(self, verdict, offset, section, why):
        super().__init__(why)
        self.verdict, self.offset = verdict, offset
        self.section, self.why = section, why


class Fields:
    """Fields one after another in a payload; errors are at its frame."""

    def __init__(self, data, offset):
        self.data, self.at, self.offset = data, 0, offset

    def refuse(self, verdict, section, why):
        raise Refused(verdict, self.offset, section, why)

    def corrupt_unless(self, good, section, why):
        if not good:
            self.refuse('corrupt', section, why)

    def newer_unless(self, good, section, why):
        if not good:
            self.refuse('newer', section, why)

    def take(self, n, section):
        self.corrupt_unless(n <= len(self.data) - self.at, section,
                            'payload ends within a field')
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, n_bytes, section):
        return int.from_bytes(self.take(n_bytes, section), 'little')

    def numbers(self, layout, section):
        return struct.unpack(layout,
                             self.take(struct.calcsize(layout), section))

    def end(self, section):
        self.corrupt_unless(self.at == len(self.data), section,
                            'bytes after the last field')
