"""Pages coded as planes (11.3), by hand. Part of make_vectors.py."""
import struct

from vectors_pack import Part, bad, good, model, schema, tensors_of

# ---- planes (11.3) ----

def bit_string(fields):
    """(value, bits) one after another, the lowest bit first."""
    x = n = 0
    for value, bits in fields:
        x |= value << n
        n += bits
    return x.to_bytes((n + 7) // 8, 'little')


def table(freq):
    fields = []
    for x in freq:
        n = x.bit_length()
        fields += [(n, 4), (x & (1 << n >> 1) - 1, max(n - 1, 0))]
    return bit_string(fields)


def coded(symbols, freq, lanes_log2=0, first=1 << 15, more=b''):
    """A stream of kind 2 (11.3.9), the writer's loop as it stands there."""
    states, words = [first] * (1 << lanes_log2), []
    for i in reversed(range(len(symbols))):
        x, k = states[i % len(states)], symbols[i]
        if x >> 19 >= freq[k]:
            words.insert(0, x & 0xFFFF)
            x >>= 16
        states[i % len(states)] = x // freq[k] * 4096 + sum(freq[:k]) + \
            x % freq[k]
    return bytes([2, lanes_log2, len(freq) - 1]) + table(freq) + \
        struct.pack('<I', len(words) + len(more) // 2) + \
        struct.pack('<%dI' % len(states), *states) + \
        struct.pack('<%dH' % len(words), *words) + more


def packed(symbols, b):
    if b == 8:
        return b'\0' + bytes(symbols)
    symbols = symbols + [0] * (-len(symbols) % 8)
    return b'\0' + b''.join(bit_string([(x, b) for x in symbols[i:i + 8]])
                            for i in range(0, len(symbols), 8))


def head(width, flags, r, w, first, zero=0):
    return struct.pack('<BBBBHH', width, flags, r, w - 1, first, zero)


def with_planes(raw, payload, dtype):
    """A model of one tensor of these bytes, its page coded so."""
    size = (1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8)[dtype - 1]
    spec = [(b'w', dtype, (len(raw) // size,))]
    p = Part({(b'PAGE', 0, 'stored'): lambda x: payload,
              (b'PAGE', 0, 'header'): {'codec': 2}})
    p.group(schema(tensors_of(spec)), spec, [model(b'm')], [[raw]])
    return p.end()


# 100 f32 from 0.5 to 4 and, at 10 and 60, far smaller ones: exponents 126 to
# 128 as symbols 0 to 2, a third for what is outside.
FLOATS = [(i % 10 + 1) * (0.5 if i % 3 else -0.375) for i in range(100)]
FLOATS = [x if abs(x) >= 0.5 and abs(x) < 4 else 0.75 for x in FLOATS]
FLOATS[10], FLOATS[60] = 2.0 ** -30, -2.0 ** -100
RAW = struct.pack('<100f', *FLOATS)
BITS = [(x << 1 | x >> 31) & 0xFFFFFFFF for x in struct.unpack('<100I', RAW)]
TOPS = [x >> 24 for x in BITS]
SYMBOLS = [t - 126 if 126 <= t <= 128 else 3 for t in TOPS]
LOW = [[x >> 8 * k & 255 for x in BITS] for k in range(3)]
FREQ = [1500, 1500, 1000, 96]
ESCAPES = struct.pack('<IHH', 2, TOPS[10], TOPS[60])


def tails():
    """Each byte of the tails as a stream: the lowest holds signs."""
    out = b''
    for low in LOW:
        if len(set(low)) == 1:
            out += bytes([1, low[0]])
        else:
            freq = [low.count(i) * 40 for i in range(max(low) + 1)]
            freq[low[0]] += 4096 - sum(freq)
            out += coded(low, freq)
    return out


def f32(symbols=None, escapes=ESCAPES, low=None, start=None, after=b''):
    """The payload of RAW, or one that differs in a part."""
    return (start or head(2, 5, 24, 3, 126)) + \
        (symbols or coded(SYMBOLS, FREQ)) + escapes + \
        (tails() if low is None else low) + after


def planes():
    def g(name, what, raw, payload, dtype):
        good('planes-' + name, what, with_planes(raw, payload, dtype))

    def b(name, what, payload):
        bad('planes-' + name, 'corrupt', '11.3', what,
            with_planes(RAW, payload, 12))

    g('packed', 'planes: f16 of one exponent, 10 low bits, nothing coded',
      struct.pack('<40H', *(15 << 10 | i for i in range(40))),
      head(1, 1, 11, 1, 15) + b'\1\0' + bytes(4) +
      packed([2 * i >> 8 & 7 for i in range(40)], 3) +
      bytes(2 * i & 255 for i in range(40)), 10)
    g('constant', 'planes: 100 times the same bf16', b'\x80\x3f' * 100,
      head(1, 1, 8, 256, 0) + b'\1\x7f' + b'\0' * 100, 11)
    g('coded', 'planes: symbols coded with one lane, escapes, tails apart',
      RAW, f32(), 12)
    g('lanes', 'planes: the same with four lanes', RAW,
      f32(coded(SYMBOLS, FREQ, 2)), 12)
    some = [i * i % 3 // 2 | i % 7 // 6 for i in range(1000)]
    g('lanes-128', 'planes: u8, 128 lanes', bytes(some),
      head(0, 0, 0, 256, 0) + coded(some, [3500, 596], 7), 2)
    sparse = [7 if i % 9 == 0 else 0 for i in range(97)]
    g('zeros', 'planes: i64 of which most are 0, the mask packed',
      struct.pack('<97q', *sparse), head(3, 6, 56, 256, 0) +
      packed([sum((sparse[8 * k + j] != 0) << j for j in range(8)
                  if 8 * k + j < 97) for k in range(13)], 8) + b'\1\0' +
      b'\1\7' + b'\1\0' * 6, 9)
    g('only-zeros', 'planes: no element that is not 0', bytes(160),
      head(1, 3, 8, 256, 0) + b'\1\0' + b'\0', 10)
    g('rest', 'planes: 101 bytes as elements of two, and one',
      b'ab' * 50 + b'c', head(1, 4, 8, 256, 0) + b'\1b\1a' + b'c', 2)
    g('levels', 'planes: f16 in blocks of three levels',
      struct.pack('<130H', *(0x3c00 - (i // 64 << 10) for i in range(130))),
      head(1, 9, 8, 256, 0, 5 << 8 | 6) + b'\0\0\1\2' + b'\1\x78' +
      bytes(130), 10)
    b('levels-block', 'planes: blocks of 32', f32(
        start=head(2, 13, 24, 3, 126, 8 << 8 | 5)))
    b('levels-exponent', 'planes: an exponent of 12 bits', f32(
        start=head(2, 13, 24, 3, 126, 12 << 8 | 6)))
    b('head-short', 'planes: no whole head', f32()[:7])
    b('width', 'planes: elements of 16 bytes', f32(start=head(4, 5, 24, 3,
                                                              126)))
    b('flags', 'planes: an unknown flag', f32(start=head(2, 21, 24, 3, 126)))
    b('reserved', 'planes: reserved bytes',
      f32(start=head(2, 5, 24, 3, 126, 1)))
    b('low-bits', 'planes: no bit for symbols', f32(start=head(2, 5, 32, 3,
                                                               126)))
    b('top-bits', 'planes: symbols of 17 bits', f32(start=head(2, 5, 15, 3,
                                                               126)))
    b('window', 'planes: a window beyond the last symbol',
      f32(start=head(2, 5, 24, 131, 126)))
    b('window-256', 'planes: 256 of 512 symbols',
      f32(start=head(2, 5, 23, 256, 0)))
    b('kind', 'planes: an unknown kind of stream', f32(b'\3\0'))
    b('constant', 'planes: a constant beyond the window', f32(b'\1\4'))
    b('symbol', 'planes: a packed symbol beyond the window',
      f32(packed([4] + SYMBOLS[1:], 8)))
    b('lanes', 'planes: 256 lanes', f32(b'\2\x08\3' + table(FREQ) + bytes(40)))
    b('table-symbol', 'planes: a table beyond the window',
      f32(coded(SYMBOLS, [1500, 1500, 1000, 95, 1])))
    b('table-sum', 'planes: frequencies of sum 4095',
      f32(coded(SYMBOLS, [1500, 1500, 1000, 95])))
    b('table-last', 'planes: a last frequency of 0',
      f32(coded([min(x, 1) for x in SYMBOLS], [2048, 2048, 0])))
    b('table-one', 'planes: a coded stream of one symbol',
      f32(b'\2\0\0' + table([4096]) + struct.pack('<II', 0, 1 << 15)))
    b('table-long', 'planes: a frequency of 14 bits',
      f32(b'\2\0\1\xee' + bytes(20)))
    b('table-padding', 'planes: a bit after the frequencies', f32(
        coded(SYMBOLS, FREQ)[:8] + bytes([coded(SYMBOLS, FREQ)[8] | 128]) +
        coded(SYMBOLS, FREQ)[9:]))
    b('state-low', 'planes: a state below 2^15', f32(
        b'\2\0\3' + table(FREQ) + struct.pack('<II', 0, 32767)))
    b('state-high', 'planes: a state of 2^31', f32(
        b'\2\0\3' + table(FREQ) + struct.pack('<II', 0, 1 << 31)))
    b('state-end', 'planes: another last state',
      f32(coded(SYMBOLS, FREQ, first=40000)))
    b('words-few', 'planes: words are missing', f32(
        b'\2\0\3' + table(FREQ) + struct.pack('<II', 0, 1 << 15)))
    b('words-left', 'planes: a word too many',
      f32(coded(SYMBOLS, FREQ, more=b'\0\0')))
    b('words-many', 'planes: more words than symbols',
      f32(b'\2\0\3' + table(FREQ) + struct.pack('<II', 101, 1 << 15)))
    b('escape-few', 'planes: an escape without its symbol',
      f32(escapes=struct.pack('<IHHH', 3, 1, 1, 1)))
    b('escape-many', 'planes: a symbol without its escape',
      f32(escapes=struct.pack('<IH', 1, 97)))
    b('escape-inside', 'planes: an escape within the window',
      f32(escapes=struct.pack('<IHH', 2, 127, 1)))
    b('escape-large', 'planes: an escape of 9 bits',
      f32(escapes=struct.pack('<IHH', 2, 256, 1)))
    b('tails-short', 'planes: a byte of the tails is missing',
      f32(low=tails()[:-1]))
    b('after', 'planes: a byte after the last', f32(after=b'\0'))
    b('mid-padding', 'planes: middle bits beyond the last element',
      head(2, 1, 3, 4, 0)[:2] + bytes([21]) + head(2, 1, 21, 4, 1008)[3:] +
      b'\1\0' + bytes(4) + b'\0' + bytes(64) + b'\xff' + bytes(200))
    b('mask-padding', 'planes: a mask beyond the last element',
      head(2, 7, 24, 3, 126) + packed([255] * 13, 8) + b'\1\0')
