"""Lua scripts that read one step of SCAN: keys, values, expiries and types in one answer.

Depends on Redis commands and the Lua its servers run. Does not send anything. Values, expiries and types are of one
moment. Each list comes back as one run of bytes and its lengths, so nothing need be picked apart here.
To a cluster every command names one key.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "hash", "list", "zset"]


@dataclass(frozen=True, slots=True)
class ValueShape:
    """How one kind of value is read, and the columns it becomes."""

    read: str
    first: str
    second: str = ""
    positions: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns after `key` and `ttl_ms`, as a frame has them."""
        return ("position",) * self.positions + tuple(name for name in (self.first, self.second) if name)


KINDS: dict[Kind, ValueShape] = {
    "string": ValueShape("redis.pcall('GET', key)", "value"),
    "hash": ValueShape("redis.pcall('HGETALL', key)", "field", "value"),
    "list": ValueShape("redis.pcall('LRANGE', key, 0, -1)", "value", positions=True),
    "zset": ValueShape("redis.pcall('ZRANGE', key, 0, -1, 'WITHSCORES')", "member", "score"),
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """One step's answer: runs of bytes, and numbers of eight bytes each.

    Attributes:
        keys: The keys, one after another; `key_lengths` says where each ends.
        ttls: Time until each key expires, in ms; -1 for keys that never do.
        counts: How many rows each key has.
        first: The first column of all rows (field, member or value).
        second: The second column, where the kind has one.
        mistyped: Keys of another type, and in `types` which, with spaces between.
    """

    keys: bytes
    key_lengths: bytes
    ttls: bytes
    counts: bytes
    first: bytes
    first_lengths: bytes
    second: bytes
    second_lengths: bytes
    mistyped: bytes
    mistyped_lengths: bytes
    types: bytes


# The keys a script goes on with, after what says how far it came: a cursor, or the slots that were read.
_BY_CURSOR = "local found = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])"

# A slot that is not here, or of which keys are on their way, is left out; many keys are left to the next call.
_BY_SLOT = """
local line = ''
for one in string.gmatch(redis.call('CLUSTER', 'NODES'), '[^\\n]+') do
    if string.find(string.match(one, '^%S+ %S+ (%S+)'), 'myself', 1, true) then line = one end
end
local here, word = {}, 0
for held in string.gmatch(line, '%S+') do
    word = word + 1
    local first, last = string.match(held, '^(%d+)%-?(%d*)$')
    local moving = string.match(held, '^%[(%d+)%-')
    if word > 8 and first then
        for slot = tonumber(first), tonumber(last) or tonumber(first) do here[slot] = true end
    elseif word > 8 and moving then
        here[tonumber(moving)] = false
    end
end
local taken, keys, seen = {}, {}, 0
for place = 2, #ARGV do
    local slot = tonumber(ARGV[place])
    if here[slot] and seen < MOST then
        local count = redis.call('CLUSTER', 'COUNTKEYSINSLOT', slot)
        seen = seen + count
        if count > 0 then
            for _, key in ipairs(redis.call('CLUSTER', 'GETKEYSINSLOT', slot, count)) do
                if string.find(key, ARGV[1]) then keys[#keys + 1] = key end
            end
        end
        taken[#taken + 1] = slot
    end
end
local found = {table.concat(taken, ' '), keys}
"""

_READ = """
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
_READ_TOGETHER = """
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
_MAX_VALUES = "5000"

# Through a script, because redis-py gives SCAN's own answer another form in a cluster.
SCAN = "return found"

# The names of some keys are secrets: to count them, their digests are enough.
COUNT = """
local digests = {}
for place, key in ipairs(found[2]) do digests[place] = redis.sha1hex(key) end
return {found[1], table.concat(digests, ',')}
"""


def read(kind: Kind, *, cluster: bool = False) -> str:
    """What to do with the keys of a step to read a kind; `by_cursor` and `by_slot` make a script of it."""
    shape = KINDS[kind]
    fetch_together = kind == "string" and not cluster
    replacements = {
        "ALL": _READ_TOGETHER if fetch_together else _ONE_BY_ONE,
        "READ": shape.read,
        "WIDTH": "2" if shape.second else "1",
    }
    text = _READ
    for placeholder, replacement in replacements.items():
        text = text.replace(placeholder, replacement)
    return text


def by_cursor(work: str) -> str:
    """The script that does it for the keys of one step of SCAN; its arguments are cursor, glob and count."""
    return f"{_BY_CURSOR}\n{work}".replace("MOST", _MAX_VALUES)


def by_slot(work: str) -> str:
    """The script that does it for the keys of some slots of a cluster; its arguments are a Lua pattern and the slots.

    It answers with the slots that are wholly on the server, as it does them.
    """
    return f"{_BY_SLOT}\n{work}".replace("MOST", _MAX_VALUES)


def lua_pattern(glob: str) -> str | None:
    r"""A glob as Lua matches it; None for one with a set of letters, of which Lua has another idea.

    >>> lua_pattern("ys:price*:?"), lua_pattern(r"a\*b"), lua_pattern("[ab]")
    ('^ys%:price.*%:.$', '^a%*b$', None)
    """
    pattern, letters = "", iter(glob)
    for letter in letters:
        if letter == "[":
            return None
        if letter in "*?":
            pattern += ".*" if letter == "*" else "."
        else:
            literal = next(letters, letter) if letter == "\\" else letter
            pattern += f"%{literal}" if literal.isascii() and not literal.isalnum() else literal
    return f"^{pattern}$"
