-- Deletes entries that every group of a stream is done with, and keeps note of
-- groups that have stopped.
--
-- KEYS[1] the stream, KEYS[2] the note: a hash of
--           group:NAME  what was seen of a group, see look
--           life:NAME   when a subscriber of a group called last
--           groups      their names
--           looked      when the last call was that looked at the stream
--           walk        where to go on around parked entries, and how many of
--                       them lie before that
-- ARGV    parking consumer, entries to keep, ms to keep entries for, ms after
--         which a group that stands still is dead (0: never), most entries to
--         delete at once, and singly, parked ones to look at, ms that must have
--         passed since the stream was looked at last, the caller's group, other
--         groups there must be
-- Returns { entries deleted, 1 when there are more to delete, 1 when somebody
--           has just looked and nothing was done,
--           { {group, ms it has held up the stream, 1 when it is dead}, ... },
--           groups there must be but are not, in which case nothing was done }
local stream, note = KEYS[1], KEYS[2]
local parker, keep, keepms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local deadms, most, few = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local page, every, own = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]

-- Ids are numbers that Lua cannot hold: compare them as text, by length first.
local function less(a, b)
  local ams, aseq = string.match(a, '^(%d+)-(%d+)$')
  local bms, bseq = string.match(b, '^(%d+)-(%d+)$')
  if #ams ~= #bms then return #ams < #bms end
  if ams ~= bms then return ams < bms end
  if #aseq ~= #bseq then return #aseq < #bseq end
  return aseq < bseq
end

local maxint = '18446744073709551615'
local maxid = maxint .. '-' .. maxint

local function plusone(n)
  local head, nines = string.match(n, '^(%d-)(9*)$')
  if head == '' then head = '0' end
  local digit = tonumber(string.sub(head, -1)) + 1
  return string.sub(head, 1, -2) .. digit .. string.rep('0', #nines)
end

-- The id that comes next after one; the greatest has none and stays.
local function after(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if seq ~= maxint then return ms .. '-' .. plusone(seq) end
  if ms ~= maxint then return plusone(ms) .. '-0' end
  return id
end

local function fields(reply)
  local t = {}
  for i = 1, #reply, 2 do t[reply[i]] = reply[i + 1] end
  return t
end

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
-- For how long ago a time was; clocks may go back.
local function since(ms) return math.max(0, now - tonumber(ms)) end

local groups, there, missing = {}, {}, {}
if redis.call('EXISTS', stream) == 1 then
  for i, reply in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local group = fields(reply)
    local at = group['last-delivered-id']
    -- miniredis leaves a sequence number of 0 out.
    if not string.find(at, '-', 1, true) then group['last-delivered-id'] = at .. '-0' end
    groups[i], there[group.name] = group, true
  end
end
for i = 9, #ARGV do
  if not there[ARGV[i]] then missing[#missing + 1] = ARGV[i] end
end
if #missing > 0 then return {0, 0, 0, {}, missing} end

local function noted(field) return redis.call('HGET', note, field) or nil end
-- This deletes nothing, but without memory to spare Redis refuses HSET unless
-- the script has written already.
redis.call('HDEL', note, '')
redis.call('HSET', note, 'life:' .. own, string.format('%.0f', now))
redis.call('PEXPIRE', note, 7 * 24 * 3600 * 1000)
local looked = noted('looked')
if every > 0 and looked and since(looked) < every and now >= tonumber(looked) then return {0, 0, 1, {}, {}} end
redis.call('HSET', note, 'looked', string.format('%.0f', now))
-- One that is made again under the name of another is not that one.
for _, name in ipairs(cjson.decode(noted('groups') or '[]')) do
  if not there[name] then redis.call('HDEL', note, 'group:' .. name, 'life:' .. name) end
end
local names = {}
for i, group in ipairs(groups) do names[i] = group.name end
redis.call('HSET', note, 'groups', cjson.encode(names))

-- The lowest entry that a consumer of the group holds, parked ones aside, and for
-- how long nobody has renewed that.
local function held(group)
  if group.pending == 0 then return nil end
  local first = redis.call('XPENDING', stream, group.name, '-', '+', 20)
  for _, p in ipairs(first) do
    if p[2] ~= parker then return p[1], p[3] end
  end
  if #first < 20 then return nil end
  -- Parked ones may be very many: pass them over.
  local lowest, idle
  for _, holder in ipairs(redis.call('XPENDING', stream, group.name)[4] or {}) do
    if holder[1] ~= parker then
      local p = redis.call('XPENDING', stream, group.name, '-', '+', 1, holder[1])[1]
      if p and (not lowest or less(p[1], lowest)) then lowest, idle = p[1], p[3] end
    end
  end
  return lowest, idle
end

-- Tells whether there are entries that the group has not been delivered. They may
-- be large, so ask for one only when it matters.
local function unread(group)
  local at = group['last-delivered-id']
  return at ~= maxid and #redis.call('XRANGE', stream, after(at), '+', 'COUNT', 1) > 0
end

-- How long ago the group gave a sign of life.
local function silence(group)
  local life = noted('life:' .. group.name)
  local idle = life and since(life) or math.huge
  for _, reply in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group.name)) do
    local consumer = fields(reply)
    if string.sub(consumer.name, 1, 11) ~= 'millstream:' then idle = math.min(idle, consumer.idle) end
  end
  return idle
end

-- What was seen of a group the last time.
local function recall(name)
  local at, pending, lowest, waiting, sure, stuck, still, seen =
    string.match(noted('group:' .. name) or '', '^(%S+) (%d+) (%S+) (%d) (%d) (%d+) (%d+) (%d+)$')
  if not at then return {step = 0, stuck = 0, still = 0} end
  -- Only time in which somebody looked counts, since all may have been away, with
  -- Redis or without: so much at most from one look to the next.
  local most = 60000
  if deadms > 0 then most = math.min(most, math.ceil(deadms / 4)) end
  return {
    at = at, pending = tonumber(pending), lowest = lowest, waiting = waiting == '1', sure = sure == '1',
    stuck = tonumber(stuck), still = tonumber(still), step = math.min(since(seen), most),
  }
end

-- Looks at a group and returns the lowest entry that it needs, parked ones aside,
-- for how long it has held up the stream with that, and whether it is dead.
--
-- A group stands still while it reads nothing, settles nothing and gives no sign
-- of life although there is something to do. It is dead after some time of that,
-- and stays so until it moves, even when all it waited for is trimmed away.
local function look(group)
  local at, was = group['last-delivered-id'], recall(group.name)
  local lowest, idle = held(group)
  local same = was.at == at and was.pending == group.pending
  local waiting, sure, still, stuck = false, false, 0, 0
  if same then
    waiting, sure = was.waiting or unread(group), was.sure
    if lowest or waiting or sure then still = math.min(was.still + was.step, silence(group)) end
  end
  local dead = deadms > 0 and still >= deadms
  if still == 0 then sure = false end
  if dead and not sure then
    -- What it waits for may have been deleted.
    waiting = unread(group)
    sure = waiting or lowest ~= nil
    if not sure then dead, still = false, 0 end
  end
  if not lowest then
    if waiting then stuck = still end
  elseif lowest == was.lowest then
    stuck = math.min(was.stuck + was.step, idle)
  end
  redis.call('HSET', note, 'group:' .. group.name, string.format('%s %d %s %d %d %.0f %.0f %.0f',
    at, group.pending, lowest or '-', waiting and 1 or 0, sure and 1 or 0, stuck, still, now))
  local needs = after(at)
  if lowest and less(lowest, needs) then needs = lowest end
  return needs, math.max(stuck, dead and still or 0), dead
end

-- The floor, the living groups, and those that hold up the stream. The caller's
-- group is alive.
local floor, living, stalled = maxid, {}, {}
for _, group in ipairs(groups) do
  local needs, stuck, dead = look(group)
  if stuck > 0 then stalled[#stalled + 1] = {group.name, stuck, dead and 1 or 0} end
  if not dead then
    living[#living + 1] = group
    if less(needs, floor) then floor = needs end
  end
end
if keepms > 0 then
  local youngest = string.format('%.0f', math.max(0, now - keepms)) .. '-1'
  if less(youngest, floor) then floor = youngest end
end

-- Parked entries below the floor, in order: some at a time, from where the last
-- call stopped.
local walked = noted('walk')
local from, passed = string.match(walked or '', '^(%S+) (%d+)$')
from, passed = from or '-', tonumber(passed or 0)
-- The last of a page comes again as the first of the next, hence 2.
page = math.max(2, math.floor(page / #living))
local parked, seen, next_ = {}, {}, nil
for _, group in ipairs(living) do
  if group.pending > 0 then
    local ids = redis.call('XPENDING', stream, group.name, from, '+', page, parker)
    for _, p in ipairs(ids) do
      if less(p[1], floor) and not seen[p[1]] then
        seen[p[1]] = true
        parked[#parked + 1] = p[1]
      end
    end
    -- Beyond the last of a full page there may be parked ones that are not seen.
    local last = #ids == page and ids[page][1]
    if last and less(last, floor) and (not next_ or less(last, next_)) then next_ = last end
  end
end
table.sort(parked, less)

if keep > 0 then
  -- Those parked are older and stay, so they are none of the newest that are kept.
  local spare = redis.call('XLEN', stream) - keep - passed - #parked
  most, few = math.min(most, spare), math.min(few, spare)
end

local deleted = 0
local function finish(more, walk, before)
  if walk then
    redis.call('HSET', note, 'walk', string.format('%s %d', walk, before))
  elseif walked then
    redis.call('HDEL', note, 'walk')
  end
  return {deleted, more and 1 or 0, 0, stalled, {}}
end

-- Deletes entries one by one, which needs to look at them; false when that is
-- enough for now. The first look is at one, since they may be large.
local at_once, bytes = 1, 0
local function clear(start, before)
  while true do
    if few <= 0 or bytes > 1048576 then return false end
    local entries = redis.call('XRANGE', stream, start, '(' .. before, 'COUNT', math.min(few, at_once))
    if #entries == 0 then return true end
    local ids, size = {}, 0
    for i, entry in ipairs(entries) do
      ids[i] = entry[1]
      for _, value in ipairs(entry[2]) do size = size + #value end
    end
    local n = redis.call('XDEL', stream, unpack(ids))
    deleted, few, bytes = deleted + n, few - n, bytes + size
    at_once = size > 16384 * #entries and 1 or math.min(8, at_once * 2)
  end
end

if most <= 0 then return finish(false) end
if from == '-' then
  -- Whole nodes first, which is cheap and can be limited, and then the rest of one.
  local to = parked[1] or floor
  deleted = redis.call('XTRIM', stream, 'MINID', '~', to, 'LIMIT', most)
  if deleted > 0 then return finish(true) end
  if keep == 0 then
    deleted = redis.call('XTRIM', stream, 'MINID', '=', to)
  elseif parked[1] and not clear('-', to) then
    return finish(true)
  end
elseif less(from, floor) and not clear(from, parked[1] or floor) then
  return finish(true, from, passed)
end
for i, id in ipairs(parked) do
  -- Behind the last of a full page the next call goes on.
  if id == next_ then return finish(true, id, passed + i - 1) end
  if not clear('(' .. id, parked[i + 1] or floor) then return finish(true, id, passed + i - 1) end
end
return finish(false)
