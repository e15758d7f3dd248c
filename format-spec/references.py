"""Section 15 of ckpt-pack.md: pages that refer to pages before them.

Part of decode.py. `fail(verdict, section, why)` is what a page's faults are
told to; `page(offset, length)` gives (raw size, codec, stored payload) of the
page frames in that range of the part, each after its checks. `outside` gives
the bytes of a tensor that stands outside of a thin pack by its ID, and how many
references follow one another in it; or None.
"""
import struct

SAME, BLOCKS, ORBIT, DIFFERENCE = 16, 17, 18, 19
MAX_DEPTH, MAX_WORK, MAX_ORBIT = 8, 4096, 1 << 25
MANTISSA = {10: (2, 10), 11: (2, 7), 12: (4, 23), 13: (8, 52)}


class References:
    def __init__(self, frames, codings, xxh3, outside=lambda tensor: None):
        self.frames, self.xxh3, self.outside = frames, xxh3, outside
        self.plain, self.differences = codings
        self.depth = self.work = 0
        self.height = 0  # references that follow one another in a page

    def decode(self, here, raw, codec, stored, fail):
        """The page of a reference whose frame is at `here` of the part."""
        if len(stored) < 8:
            fail('corrupt', '15', 'wrong size')
        if self.depth == MAX_DEPTH:
            fail('corrupt', '15', 'chain is too deep')
        if self.depth == 0:
            self.work = self.height = 0
        self.depth += 1
        self.height = max(self.height, self.depth)
        try:
            how = {SAME: self.same, BLOCKS: self.blocks,
                   ORBIT: self.orbit, DIFFERENCE: self.difference}[codec]
            out = how(here, raw, stored, fail)
        finally:
            self.depth -= 1
        if self.xxh3(out) != int.from_bytes(stored[:8], 'little'):
            fail('corrupt', '15', 'a wrong base')
        return out

    def pages(self, here, offset, length, fail):
        """The raw pages whose frames are `length` bytes at `offset`."""
        if offset < 32 or offset > here or length > here - offset:
            fail('corrupt', '15', 'does not point backwards')
        for at, raw, codec, stored in self.frames(offset, length):
            self.work += 1
            if self.work > MAX_WORK:
                fail('corrupt', '15', 'too much work')
            if codec >= SAME:
                yield self.decode(at, raw, codec, stored, fail)
            else:
                yield self.plain(raw, codec, stored, fail)

    def page(self, here, offset, stored, fail):
        if stored > 1 << 20:
            fail('corrupt', '15', 'page is too large')
        return next(self.pages(here, offset, stored + 32, fail))

    def same(self, here, raw, stored, fail):  # 15.1
        if len(stored) != 20:
            fail('corrupt', '15.1', 'wrong size')
        offset, n = struct.unpack('<QI', stored[8:])
        out = self.page(here, offset, n, fail)
        if len(out) != raw:
            fail('corrupt', '15.1', 'another size')
        return out

    def blocks(self, here, raw, stored, fail):  # 15.2
        if len(stored) < 16:
            fail('corrupt', '15.2', 'wrong size')
        n, codec, reserved, n_literal = struct.unpack('<HBBI', stored[8:16])
        if codec > 2 or reserved:
            fail('newer', '15.2', 'codec or reserved byte')
        end = 16 + 20 * n
        if end > len(stored) or n_literal > raw:
            fail('corrupt', '15.2', 'wrong size')

        def in_literal(verdict, section, why):
            fail('corrupt', '15.2', why)
        literal = self.plain(n_literal, codec, stored[end:], in_literal)
        out, used = b'', 0
        for i in range(16, end, 20):
            offset, of, begin, n_bytes = struct.unpack('<QIII',
                                                       stored[i:i + 20])
            if n_bytes == 0 or n_bytes > raw - len(out):
                fail('corrupt', '15.2', 'sum')
            if offset == 0:
                if n_bytes > n_literal - used or begin or of:
                    fail('corrupt', '15.2', 'literal bytes')
                out += literal[used:used + n_bytes]
                used += n_bytes
                continue
            base = self.page(here, offset, of, fail)
            if begin + n_bytes > len(base):
                fail('corrupt', '15.2', 'beyond the base')
            out += base[begin:begin + n_bytes]
        if len(out) != raw or used != n_literal:
            fail('corrupt', '15.2', 'sum')
        return out

    def orbit(self, here, raw, stored, fail):  # 15.3
        if len(stored) < 80:
            fail('corrupt', '15.3', 'wrong size')
        (dtype, reserved, rows, cols, inner, begin, offset,
         length) = struct.unpack('<B3sIIIQQQ', stored[8:48])
        if dtype not in MANTISSA or any(reserved):
            fail('newer', '15.3', 'dtype or reserved bytes')
        size, mantissa = MANTISSA[dtype]
        n = rows * cols * inner * size
        if not 0 < n <= MAX_ORBIT:
            fail('corrupt', '15.3', 'size of the tensor')
        if begin + raw > n or begin % size or raw % size:
            fail('corrupt', '15.3', 'beyond the tensor')
        arrays = self.arrays(here, stored, rows, cols, fail)
        base = self.tensor(stored[48:80], fail) if offset == 0 else \
            self.adjoining(here, offset, length, n, fail)
        if len(base) != n:
            fail('corrupt', '15.3', 'size of the base')
        out = bytearray()
        for i in range(begin // size, (begin + raw) // size):
            cell, k = divmod(i, inner)
            r, c = divmod(cell, cols)
            a, b = arrays[1][r], arrays[3][c]
            at = ((arrays[0][r] * cols + arrays[2][c]) * inner + k) * size
            x = scale(int.from_bytes(base[at:at + size], 'little'),
                      (a >> 1) + (b >> 1), (a ^ b) & 1, size, mantissa)
            if x is None:
                fail('corrupt', '15.3', 'a value is not exact')
            out += x.to_bytes(size, 'little')
        return bytes(out)

    def adjoining(self, here, offset, length, n, fail):
        if length > n + (n // (1 << 20) + 1) * 32:
            fail('corrupt', '15.3', 'base is too large')
        base = b''
        for page in self.pages(here, offset, length, fail):
            base += page
            if len(base) > n:
                fail('corrupt', '15.3', 'size of the base')
        return base

    def tensor(self, tensor, fail):  # 15.8
        out = self.outside(tensor)
        if not out:
            fail('corrupt', '15', 'base ' + tensor.hex() + ' is missing')
        raw, height = out
        if self.depth + height > MAX_DEPTH:
            fail('corrupt', '15', 'chain is too deep')
        self.height = max(self.height, self.depth + height)
        return raw

    def difference(self, here, raw, stored, fail):  # 15.4
        if len(stored) < 56:
            fail('corrupt', '15.4', 'wrong size')
        offset, of, page = struct.unpack('<QII', stored[8:24])
        base = self.page(here, offset, of, fail) if offset else \
            self.tensor(stored[24:56], fail)[page << 20:][:1 << 20]
        if len(base) < raw:
            fail('corrupt', '15.4' if offset else '15', 'size of the base')
        base = base[:raw]
        return self.differences(stored[56:], base, fail) if len(stored) > 56 \
            else base

    def arrays(self, here, stored, rows, cols, fail):
        at, out = 80, []
        for i, n in enumerate((rows, rows, cols, cols)):
            if at >= len(stored):
                fail('corrupt', '15.3', 'array is missing')
            kind = stored[at]
            at += 1
            if kind == 0:
                out.append([0] * n if i % 2 else range(n))
            elif kind == 1:
                array, at = inline(stored, at, i, n, fail)
                out.append(array)
            elif kind == 2:
                if len(stored) - at < 13:
                    fail('corrupt', '15.3', 'array is missing')
                out.append(self.shared(here, stored[at:at + 13], i, n, fail))
                at += 13
            else:
                fail('newer', '15.3', 'kind of array')
        if at != len(stored):
            fail('corrupt', '15.3', 'bytes after the arrays')
        return out

    def shared(self, here, entry, i, n, fail):
        offset, of, which = struct.unpack('<QIB', entry)
        if of > 1 << 20:
            fail('corrupt', '15.3', 'page is too large')
        if offset < 32 or offset > here or of + 32 > here - offset:
            fail('corrupt', '15', 'does not point backwards')
        _, _, codec, stored = next(self.frames(offset, of + 32))
        if codec != ORBIT or len(stored) < 80:
            fail('corrupt', '15.3', 'page without arrays')
        rows, cols = struct.unpack('<II', stored[12:20])
        if which > 3 or which % 2 != i % 2 or n != (rows, cols)[which // 2]:
            fail('corrupt', '15.3', 'another array')
        at = 80
        for j in range(which + 1):
            kind = stored[at] if at < len(stored) else 3
            at += 1
            if kind > 2 or (j == which and kind != 1):
                fail('corrupt', '15.3', 'array is not there')
            if kind == 1:
                array, at = inline(stored, at, j, (rows, cols)[j // 2], fail)
            at += 13 * (kind == 2)
        return array


def unpack(stored, at, n, width, fail):
    end = at + (n * width + 7) // 8
    if end > len(stored):
        fail('corrupt', '15.3', 'array is cut off')
    bits = int.from_bytes(stored[at:end], 'little')
    if bits >> n * width:
        fail('corrupt', '15.3', 'bits left over')
    mask = (1 << width) - 1
    text = bin(bits)[2:].zfill(n * width)[::-1]
    return [int(text[i * width:(i + 1) * width][::-1] or '0', 2) & mask
            for i in range(n)], end


def inline(stored, at, i, n, fail):
    """Array number `i` of `n` entries that stands at `at`."""
    if i % 2 == 0:
        if n < 2:
            fail('corrupt', '15.3', 'sources of one')
        array, at = unpack(stored, at, n, (n - 1).bit_length(), fail)
        if max(array) >= n:
            fail('corrupt', '15.3', 'source')
        return array, at
    if len(stored) - at < 3:
        fail('corrupt', '15.3', 'array is cut off')
    low, width = struct.unpack('<hB', stored[at:at + 3])
    if width > 15:
        fail('corrupt', '15.3', 'width')
    array, at = unpack(stored, at + 3, n, width, fail)
    array = [low + x for x in array]
    if max(array) > 16383 or min(array) < -16384:
        fail('corrupt', '15.3', 'scale')
    return array, at


def scale(x, exponent, flip, size, mantissa):
    """The bits of an element times two to `exponent`; None: not exact."""
    sign = (x >> 8 * size - 1) ^ flip
    top = 8 * size - 1
    e, m = (x & (1 << top) - 1) >> mantissa, x & (1 << mantissa) - 1
    most = (1 << top - mantissa) - 1
    if exponent != 0 and e != most and (e, m) != (0, 0):
        # the value is m * 2^(e - constant), of whole m
        m, e = (m + (1 << mantissa), e) if e else (m, 1)
        while m < 1 << mantissa:
            m, e = m * 2, e - 1
        e += exponent
        while e < 1:
            if m & 1:
                return None
            m, e = m // 2, e + 1
        if e >= most:
            return None
        m, e = (m, 0) if m < 1 << mantissa else (m - (1 << mantissa), e)
    return sign << top | e << mantissa | m
