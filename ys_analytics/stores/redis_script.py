"""What the server is asked for: one step of SCAN with everything about its keys, in one answer.

Knows Redis commands and the Lua its servers run; sends nothing. Values, lifetimes and types are of one
moment. Each list comes back as one run of bytes and its lengths, so nothing need be picked apart here.
Every command names one key, so that a cluster accepts the script too.
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
    """One step's answer: runs of bytes, and numbers with commas between them.

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
local keys, ttls, counts, strange, types = {}, {}, {}, {}, {}
local columns = {{}, {}}
local width = WIDTH

local function lengths(texts)
    local all = {}
    for place, text in ipairs(texts) do all[place] = #text end
    return table.concat(all, ',')
end

for _, key in ipairs(found[2]) do
    local got = READ
    if type(got) == 'table' and got.err then
        strange[#strange + 1] = key
        types[#types + 1] = redis.call('TYPE', key).ok
    elseif got then
        if type(got) ~= 'table' then got = {got} end
        if #got > 0 then
            keys[#keys + 1] = key
            ttls[#ttls + 1] = redis.call('PTTL', key)
            counts[#counts + 1] = #got / width
            for place, text in ipairs(got) do
                local column = columns[(place - 1) % width + 1]
                column[#column + 1] = text
            end
        end
    end
end

return {
    found[1], table.concat(keys), lengths(keys), table.concat(ttls, ','), table.concat(counts, ','),
    table.concat(columns[1]), lengths(columns[1]), table.concat(columns[2]), lengths(columns[2]),
    table.concat(strange), lengths(strange), table.concat(types, ' ')
}
"""

# The names of some keys are secrets: to count them, their digests are enough.
COUNT = """
local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local digests = {}
for place, key in ipairs(found[2]) do digests[place] = redis.sha1hex(key) end
return {found[1], table.concat(digests, ',')}
"""


def step(kind: Kind) -> str:
    """The script that reads one step of a kind; its arguments are cursor, glob and count."""
    shape = KINDS[kind]
    return _STEP.replace("READ", shape.read).replace("WIDTH", "2" if shape.second else "1")
