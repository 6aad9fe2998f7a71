-- Deletes entries that every group of a stream is done with, and keeps note of
-- groups that have stopped.
--
-- KEYS[1] the stream, KEYS[2] the note: a hash by group of the last delivered
--         id, since when it is that, and when it was looked at last
-- ARGV    parking consumer, entries to keep, ms to keep entries for, ms after
--         which a group that stands still is dead (0: never), most entries to
--         delete, id to go on from around parked entries or '-'
-- Returns { entries deleted, 1 when there are more to delete, id to go on from,
--           { {group, ms it has stood still, 1 when it is dead}, ... } }
local stream, note = KEYS[1], KEYS[2]
local parker, keep, keepms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local deadms, most, cursor = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
if redis.call('EXISTS', stream) == 0 then return {0, 0, '-', {}} end

-- Ids are numbers that Lua cannot hold: compare them as text, by length first.
local function less(a, b)
  local ams, aseq = string.match(a, '^(%d+)-(%d+)$')
  local bms, bseq = string.match(b, '^(%d+)-(%d+)$')
  if #ams ~= #bms then return #ams < #bms end
  if ams ~= bms then return ams < bms end
  if #aseq ~= #bseq then return #aseq < #bseq end
  return aseq < bseq
end

local function fields(reply)
  local t = {}
  for i = 1, #reply, 2 do t[reply[i]] = reply[i + 1] end
  return t
end

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)

-- How long a group that needs entries has been seen to stand still: no consumer
-- of it did anything, and it read nothing. Only time in which somebody looked
-- counts: when all were away, with Redis or without, it begins anew.
local unwatched = 120000
local function stands(group, idle)
  local at = group['last-delivered-id']
  local id, since, seen = string.match(redis.call('HGET', note, group.name) or '', '^(%S+) (%d+) (%d+)$')
  if id == at and now - tonumber(seen) < unwatched then
    since = math.max(tonumber(since), now - idle)
  else
    since = now
  end
  redis.call('HSET', note, group.name, string.format('%s %.0f %.0f', at, since, now))
  return now - since
end

-- The lowest entry that the group needs, parked ones aside, or nil; and for how
-- long it has stood still.
local function needs(group)
  local idle, lowest = math.huge, nil
  local first = redis.call('XRANGE', stream, '(' .. group['last-delivered-id'], '+', 'COUNT', 1)[1]
  if first then lowest = first[1] end
  for _, reply in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group.name)) do
    local consumer = fields(reply)
    if consumer.name ~= parker and consumer.pending > 0 then
      local held = redis.call('XPENDING', stream, group.name, '-', '+', 1, consumer.name)[1][1]
      if not lowest or less(held, lowest) then lowest = held end
    end
    if string.sub(consumer.name, 1, 11) ~= 'millstream:' then idle = math.min(idle, consumer.idle) end
  end
  if lowest then return lowest, stands(group, idle) end
  redis.call('HDEL', note, group.name)
  return nil, 0
end

-- The floor, the living groups, and those that stand still.
local floor, living, stalled = nil, {}, {}
local groups = redis.call('XINFO', 'GROUPS', stream)
-- Without a group nobody has read anything.
if #groups == 0 then return {0, 0, '-', {}} end
for _, reply in ipairs(groups) do
  local group = fields(reply)
  local lowest, stopped = needs(group)
  local dead = deadms > 0 and stopped >= deadms
  if stopped > 0 then stalled[#stalled + 1] = {group.name, stopped, dead and 1 or 0} end
  if not dead then
    living[#living + 1] = group
    if lowest and (not floor or less(lowest, floor)) then floor = lowest end
  end
end
-- All is done with: the floor is above everything there is.
if not floor then floor = '18446744073709551615-18446744073709551615' end
if keepms > 0 then
  local youngest = string.format('%.0f', math.max(0, now - keepms)) .. '-0'
  if less(youngest, floor) then floor = youngest end
end
local budget = most
if keep > 0 then budget = math.min(most, redis.call('XLEN', stream) - keep) end
if budget <= 0 then return {0, 0, '-', stalled} end

-- Parked entries below the floor, in order: some at a time.
local page, parked, seen = 200, {}, {}
local from, next_ = cursor, '-'
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
    if #ids == page and less(ids[page][1], floor) and (next_ == '-' or less(ids[page][1], next_)) then
      next_ = ids[page][1]
    end
  end
end
table.sort(parked, less)

local deleted = 0
local function trim(to)
  -- Whole nodes first, which is cheap and can be limited.
  deleted = redis.call('XTRIM', stream, 'MINID', '~', to, 'LIMIT', budget)
  if deleted == 0 and keep == 0 then deleted = redis.call('XTRIM', stream, 'MINID', '=', to) end
  budget = budget - deleted
  return deleted > 0
end

-- Deletes what is between two entries; false when the budget is used up.
local function clear(after, before)
  while budget > 0 do
    local ids = {}
    for i, entry in ipairs(redis.call('XRANGE', stream, after, before, 'COUNT', math.min(budget, 100))) do ids[i] = entry[1] end
    if #ids == 0 then return true end
    local n = redis.call('XDEL', stream, unpack(ids))
    deleted, budget = deleted + n, budget - n
  end
  return false
end

if #parked == 0 then
  -- Before the id to go on from there may be parked ones.
  if cursor ~= '-' then return {0, 1, '-', stalled} end
  local some = trim(floor)
  return {deleted, some and 1 or 0, '-', stalled}
end
if cursor == '-' and trim(parked[1]) then return {deleted, 1, '-', stalled} end
for i, id in ipairs(parked) do
  -- What lies behind the next page's first is for the next call.
  if next_ ~= '-' and not less(id, next_) then break end
  local to = parked[i + 1] or floor
  if not clear('(' .. id, '(' .. to) then return {deleted, 1, id, stalled} end
end
return {deleted, next_ ~= '-' and 1 or 0, next_, stalled}
