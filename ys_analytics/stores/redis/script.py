"""What the server is asked for: one step of SCAN with everything about its keys, in one answer.

Knows Redis commands and the Lua its servers run; sends nothing. Values, lifetimes and types are of one
moment. Each list comes back as one run of bytes and its lengths, so nothing need be picked apart here.
To a cluster every command names one key.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "hash", "list", "zset"]


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of value is read, and the columns it becomes."""

    read: str
    first: str
    second: str = ""
    positions: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns after `key` and `ttl_ms`, as a frame has them."""
        return ("position",) * self.positions + tuple(name for name in (self.first, self.second) if name)


KINDS: dict[Kind, Shape] = {
    "string": Shape("redis.pcall('GET', key)", "value"),
    "hash": Shape("redis.pcall('HGETALL', key)", "field", "value"),
    "list": Shape("redis.pcall('LRANGE', key, 0, -1)", "value", positions=True),
    "zset": Shape("redis.pcall('ZRANGE', key, 0, -1, 'WITHSCORES')", "member", "score"),
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """One step's answer: runs of bytes, and numbers of eight bytes each.

    Attributes:
        keys: The keys, one after another; `key_lengths` says where each ends.
        ttls: Remaining lifetimes in ms; -1 for keys that stay.
        counts: How many rows each key has.
        first: The first column of all rows (field, member or value).
        second: The second column, where the kind has one.
        strange: Keys of another type, and in `types` which, with spaces between.
    """

    keys: bytes
    key_lengths: bytes
    ttls: bytes
    counts: bytes
    first: bytes
    first_lengths: bytes
    second: bytes
    second_lengths: bytes
    strange: bytes
    strange_lengths: bytes
    types: bytes


_STEP = """
local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local call, pcall, join = redis.call, redis.pcall, table.concat
local keys, ttls, counts, strange, types = {}, {}, {}, {}, {}
local columns = {{}, {}}
local width = WIDTH

local function packed(numbers)
    local parts = {}
    for start = 1, #numbers, MOST do
        local last = math.min(start + MOST - 1, #numbers)
        parts[#parts + 1] = struct.pack('<' .. string.rep('i8', last - start + 1), unpack(numbers, start, last))
    end
    return join(parts)
end

local function lengths(texts)
    local all = {}
    for place = 1, #texts do all[place] = #texts[place] end
    return packed(all)
end

local function take(key, got)
    local count = #got
    if count > 0 then
        keys[#keys + 1] = key
        ttls[#ttls + 1] = call('PTTL', key)
        counts[#counts + 1] = count / width
        for place = 1, count do
            local column = columns[(place - 1) % width + 1]
            column[#column + 1] = got[place]
        end
    end
end

local function look(key)
    local got = READ
    if type(got) == 'table' and got.err then
        strange[#strange + 1] = key
        types[#types + 1] = call('TYPE', key).ok
    elseif got then
        take(key, type(got) == 'table' and got or {got})
    end
end

ALL

return {
    found[1], join(keys), lengths(keys), packed(ttls), packed(counts),
    join(columns[1]), lengths(columns[1]), join(columns[2]), lengths(columns[2]),
    join(strange), lengths(strange), join(types, ' ')
}
"""

_ONE_BY_ONE = "for _, key in ipairs(found[2]) do look(key) end"

# PackedStrings are fetched together, which is twice as fast. In a cluster they may not be (and one script that tries
# makes Valkey 9.1 refuse those that come after it).
_TOGETHER = """
local some = found[2]
local texts = columns[1]
for start = 1, #some, MOST do
    local last = math.min(start + MOST - 1, #some)
    local got = call('MGET', unpack(some, start, last))
    for place = start, last do
        local key, text = some[place], got[place - start + 1]
        if text then
            local at = #keys + 1
            keys[at], texts[at], counts[at], ttls[at] = key, text, 1, call('PTTL', key)
        else
            look(key)
        end
    end
end
"""

# What Lua puts on its stack at once.
_MOST = "5000"

# Through a script, because redis-py gives SCAN's own answer another form in a cluster.
SCAN = "return redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])"

# The names of some keys are secrets: to count them, their digests are enough.
COUNT = """
local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local digests = {}
for place, key in ipairs(found[2]) do digests[place] = redis.sha1hex(key) end
return {found[1], table.concat(digests, ',')}
"""


def step(kind: Kind, *, cluster: bool = False) -> str:
    """The script that reads one step of a kind; its arguments are cursor, glob and count."""
    shape = KINDS[kind]
    together = kind == "string" and not cluster
    words = {
        "ALL": _TOGETHER if together else _ONE_BY_ONE,
        "READ": shape.read,
        "WIDTH": "2" if shape.second else "1",
        "MOST": _MOST,
    }
    text = _STEP
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text
