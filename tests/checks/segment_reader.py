"""A second reader of segments, written from docs/segment_format.md alone, with nothing but Python.

It proves that the page suffices. It checks what it needs to decode, not everything that a reader should refuse.
"""

import dataclasses
import ipaddress
import itertools

MASK = (1 << 64) - 1
OUTCOMES = ("forwarded", "cached", "stale", "local", "blocked", "refused", "failed")
TRANSPORTS = ("udp", "tcp", "dot", "doh")
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def hash64(data):
    def rotl(value, bits):
        return (value << bits | value >> (64 - bits)) & MASK

    def step(state, word):
        return (rotl(state ^ rotl(word * P2 & MASK, 31) * P1 & MASK, 27) * P1 + P3) & MASK

    state = (P3 + len(data) * P1) & MASK
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        state = step(state, int.from_bytes(data[at:at + 8], "little"))
    value = step(state, int.from_bytes(data[whole:], "little"))
    value = (value ^ value >> 33) * P2 & MASK
    value = (value ^ value >> 29) * P3 & MASK
    return value ^ value >> 32


def unzigzag(value):
    return value >> 1 ^ -(value & 1)


def unpack(data, count, width):
    bits = int.from_bytes(data, "little")
    return [bits >> (i * width) & (1 << width) - 1 for i in range(count)]


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise ValueError("the bytes end early")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def varints(self, count):
        return [self.varint() for _ in range(count)]

    def packed(self, count, width):
        return unpack(self.take((count * width + 7) // 8), count, width)

    def column(self, count):
        values = []
        while len(values) < count:
            size = min(128, count - len(values))
            head = self.number(1)
            width = head & 0x3F
            base = unzigzag(self.varint()) if head & 0x40 else 0
            exceptions, high = (self.number(1), self.number(1)) if head & 0x80 else (0, 0)
            block = self.packed(size, width)
            positions = self.packed(exceptions, 7)
            for position, value in zip(positions, self.packed(exceptions, high)):
                block[position] |= value << width
            values += [base + value for value in block]
        return values

    def end(self):
        if self.at != len(self.data):
            raise ValueError("bytes are left over")


@dataclasses.dataclass
class Head:
    kind: int
    reason: int
    open: bool
    log: str
    first: int
    count: int
    first_ms: int
    last_ms: int
    outcomes: list
    ledger: list
    content: bytes


def read_head(data):
    reader = Reader(data)
    if reader.take(4) != b"WSEG" or reader.number(1) != 1:
        raise ValueError("not a segment of version 1")
    kind, reason, flags = reader.number(1), reader.number(1), reader.number(1)
    head_bytes, total_bytes, content_crc = reader.number(2), reader.number(4), reader.number(4)
    log = reader.take(16).hex()
    first, count, first_ms, span = reader.varints(4)
    outcomes, ledger = reader.varints(7), reader.varints(7)
    if crc32c(data[:reader.at]) != reader.number(4) or reader.at != head_bytes or total_bytes != len(data):
        raise ValueError("the head is damaged")
    head = Head(kind, reason, flags == 1, log, first, count, first_ms, first_ms + span, outcomes, ledger,
                data[head_bytes:])
    if kind == 0:
        read_parts(head, content_crc)
    return head


def read_parts(head, content_crc=None):
    """The bytes of the 6 sections and of both parts of each chunk, after their checksums."""
    reader = Reader(head.content)
    chunk_count = (head.count + 4095) // 4096
    sizes = reader.varints(6 + 2 * chunk_count)
    crcs = [reader.number(4) for _ in range(3 + 2 * chunk_count)]
    if content_crc is not None and crc32c(head.content[:reader.at]) != content_crc:
        raise ValueError("the table is damaged")
    parts = [reader.take(size) for size in sizes]
    reader.end()
    sections, chunks = parts[:6], parts[6:]
    covers = [sections[:1], sections[1:4], sections[4:5]] + [[chunk] for chunk in chunks]
    for covered, expected in zip(covers, crcs):
        if crc32c(b"".join(covered)) != expected:
            raise ValueError("the content is damaged")
    return sections, list(zip(chunks[:chunk_count], chunks[chunk_count:]))


def read_pages(index, pages, chunk_count):
    """The questions: name, type, expected size, and the chunks that may hold it."""
    question_count = index.varint()
    page_count = (question_count + 127) // 128
    crcs = [index.number(4) for _ in range(page_count)]
    sizes, name_sizes = index.column(page_count), index.column(page_count)
    first_names = [index.take(size) for size in name_sizes]
    types = index.varints(index.varint())
    questions = []
    for size, crc, first_name in zip(sizes, crcs, first_names):
        page = pages.take(size)
        if crc32c(page) != crc:
            raise ValueError("a page is damaged")
        read_page(Reader(page), min(128, question_count - len(questions)), types, chunk_count, questions)
        if questions[-1 - (len(questions) - 1) % 128][0] != first_name:
            raise ValueError("a page begins with another name")
    return questions


def read_page(page, count, types, chunk_count, questions):
    names = read_names(page)
    steps, kinds, sizes = page.column(count), page.column(count), page.column(count)
    places = [range(chunk_count)] * count
    if chunk_count > 1:
        listed = page.column(count)
        following = iter(page.column(sum(listed)))
        places = [set(itertools.islice(following, chunks)) or range(chunk_count) for chunks in listed]
    page.end()
    for name, kind, size, chunks in zip(itertools.accumulate(steps), kinds, sizes, places):
        questions.append((names[name], types[kind], size, chunks))


def read_names(reader):
    count = reader.varint()
    shared, added = reader.column(count), reader.column(count)
    names = []
    for keep, size in zip(shared, added):
        tail = names[-1][len(names[-1]) - keep:] if keep else b""
        names.append(reader.take(size) + tail)
    return names


def read_clients(reader):
    none, v4, v6, pseudonyms = reader.varints(4)
    clients = [""] * none
    clients += [str(ipaddress.IPv4Address(reader.take(4))) for _ in range(v4)]
    clients += [str(ipaddress.IPv6Address(reader.take(16))) for _ in range(v6)]
    return clients + ["~" + reader.take(8).hex() for _ in range(pseudonyms)]


def read_traits(reader, lists, upstreams):
    traits = []
    for _ in range(reader.varint()):
        bits, rcode, which, upstream = reader.number(1), reader.varint(), reader.varint(), reader.varint()
        traits.append((bits & 7, bits >> 3 & 3, bits >> 5, rcode, lists[which - 1] if which else "",
                       upstreams[upstream - 1] if upstream else ""))
    return traits


def passes_bloom(bloom, name):
    value = hash64(name)
    start, stride = value & 0xFFFFFFFF, value >> 32 | 1
    bits = [((start + i * stride) & 0xFFFFFFFF) * len(bloom) * 8 >> 32 for i in range(7)]
    return all(bloom[bit // 8] >> bit % 8 & 1 for bit in bits)


def read_chunk(chunk, count, traits):
    """The six columns of a chunk: questions, clients, traits, times, durations, sizes, each per event."""
    reader = Reader(chunk[1])
    columns = [Reader(chunk[0])] + [Reader(reader.take(size)) for size in reader.varints(5)]
    reader.end()
    time = columns[3].varint()
    asked, by, how, steps, durations, surprises = (column.column(count) for column in columns)
    for column in columns:
        column.end()
    times = []
    for step in steps:
        time += step
        times.append(time)
    outcomes = [traits[trait][0] for trait in how]
    following = [sum(outcome < this for outcome in outcomes) for this in range(7)]
    ordered = []
    for outcome in outcomes:
        ordered.append(durations[following[outcome]])
        following[outcome] += 1
    return asked, by, how, times, ordered, surprises


def read_events(head):
    """The events, each as a tuple of texts: time, client, transport, outcome, AD, type, response code, duration in µs,
    size, name, list, upstream."""
    section_bytes, chunks = read_parts(head)
    sections = [Reader(section) for section in section_bytes]
    questions = read_pages(sections[0], sections[5], len(chunks))
    clients = read_clients(sections[1])
    lists = [sections[2].take(sections[2].varint()).decode() for _ in range(sections[2].varint())]
    upstreams = [sections[2].take(sections[2].varint()).decode() for _ in range(sections[2].varint())]
    traits = read_traits(sections[3], lists, upstreams)
    bloom = sections[4].take(len(section_bytes[4]))
    for section in sections:
        section.end()
    if bloom and not all(passes_bloom(bloom, name) for name, *_ in questions):
        raise ValueError("the bloom filter denies a name")
    events = []
    for index, chunk in enumerate(chunks):
        count = min(4096, head.count - 4096 * index)
        for question, client, trait, time, duration, surprise in zip(*read_chunk(chunk, count, traits)):
            name, qtype, size, places = questions[question]
            outcome, transport, ad, rcode, which, upstream = traits[trait]
            if index not in places:
                raise ValueError("a question denies its chunk")
            events.append((str(time), clients[client], TRANSPORTS[transport], OUTCOMES[outcome], str(ad), str(qtype),
                           str(rcode), str(duration), str(size + unzigzag(surprise)), name.decode(), which,
                           upstream))
    return events
