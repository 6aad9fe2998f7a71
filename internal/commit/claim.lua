-- Takes over entries whose time has come: parked ones that are due, those that
-- were handed back, and those that nobody has renewed for too long, the caller's
-- own among them.
--
-- KEYS[1] the stream, KEYS[2] the group's parking set, KEYS[3] its hash of notes
--         about entries
-- ARGV    group, consumer, parking consumer, consumer that handed back entries
--         are under (empty: leave those alone), idle ms (negative: leave idle
--         entries alone), most entries to take, where to look for idle ones from,
--         id to look for parked ones without a due time from, 1 to leave the
--         larger half to others than parked entries
-- Returns { ms until the next parked entry is due or -1,
--           where to go on looking for idle ones or '-' when all were looked at,
--           { {id, attempt, {field, value, ...}, whence, history}, ... },
--           entries dropped since they were deleted while pending,
--           id to go on looking for parked ones without a due time,
--           why the parking set could not be read or '' }
local stream, parking, notes = KEYS[1], KEYS[2], KEYS[3]
local group, consumer, parker, returned = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local idle, most, cursor, unset = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local taken, dropped, broken = {}, 0, ''
-- The ids that this call took: with no idle time they would be found as its own.
local mine = {}
-- Whence an entry comes, as package commit counts it.
local PARKED, RETURNED, ABANDONED, OWN = 1, 2, 3, 4

local function history(id)
  local note = redis.pcall('HGET', notes, id .. '/history')
  return type(note) == 'string' and note or ''
end

local function take(id, deliveries, how)
  local entry = redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', deliveries + 1)[1]
  -- An entry that was deleted while pending has nothing left to deliver.
  if entry then
    taken[#taken + 1] = {id, deliveries + 1, entry[2], how, history(id)}
    mine[id] = true
  else
    redis.call('XACK', stream, group, id)
    dropped = dropped + 1
  end
end

-- A parking set that is none must not keep the other entries from being taken.
local function parked(command, ...)
  if broken ~= '' then return {} end
  local reply = redis.pcall(command, parking, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  broken = reply.err
  return {}
end

local function takeDue(n)
  if n <= 0 then return end
  for _, id in ipairs(parked('ZRANGEBYSCORE', '-inf', now, 'LIMIT', 0, n)) do
    redis.call('ZREM', parking, id)
    local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
    if pending and pending[2] == parker then take(id, pending[4], PARKED) end
  end
end

-- The entries of one consumer after an id that are idle for so long.
local function held(who, least, from, page)
  local pending = redis.pcall('XPENDING', stream, group, 'IDLE', least, from, '+', page, who)
  if not pending.err then return pending end
  -- miniredis has no exclusive ids; to look at one again does no harm.
  return redis.call('XPENDING', stream, group, 'IDLE', least, string.gsub(from, '^%(', ''), '+', page, who)
end

-- The consumers to look for idle entries with, this one first: later it would
-- hold those that were taken from others, too.
local function holders()
  local others, own = {}, {}
  for _, holder in ipairs(redis.call('XPENDING', stream, group)[4] or {}) do
    local who = holder[1]
    if who == consumer then
      own[1] = who
    elseif who ~= parker and who ~= returned then
      others[#others + 1] = who
    end
  end
  table.sort(others)
  for _, who in ipairs(others) do own[#own + 1] = who end
  return own
end

-- Takes idle entries of one consumer and returns the id to go on from, or nil
-- when all were looked at.
local function takeIdle(who, from)
  while #taken < most do
    local page = math.min(100, most - #taken)
    local pending = held(who, idle, from, page)
    for _, p in ipairs(pending) do
      from = '(' .. p[1]
      if who ~= consumer then
        take(p[1], p[4], ABANDONED)
      elseif not mine[p[1]] then
        -- With a handler that outlasts a stall of its process, most likely,
        -- which is not another attempt.
        take(p[1], p[4] - 1, OWN)
      end
    end
    if #pending < page then return nil end
  end
  return from
end

-- Takes parked entries whose due time was lost: they are as abandoned as any
-- other. There may be very many parked ones, so it looks at a page of them in
-- each search, and returns whether it found any, since more may follow.
local function takeUnset()
  local page, before = 500, #taken + dropped
  -- The server would pass over any number of those that are not idle.
  local pending = held(parker, 0, unset, page)
  for _, p in ipairs(pending) do
    if #taken >= most then return true end
    local lost = p[3] >= idle and not parked('ZSCORE', p[1])
    if broken ~= '' then return false end
    if lost then take(p[1], p[4], ABANDONED) end
    unset = '(' .. p[1]
  end
  if #pending < page then unset = '-' end
  return unset ~= '-' and #taken + dropped > before
end

local function older(a, b)
  local at, an = string.match(a[1], '^(%d+)-(%d+)$')
  local bt, bn = string.match(b[1], '^(%d+)-(%d+)$')
  if at == bt then return tonumber(an) < tonumber(bn) end
  return tonumber(at) < tonumber(bt)
end

-- Takes the oldest of what others left first, whoever had it: it is what those
-- behind it wait for.
local function takeOldest(list)
  local found = {}
  for i = 1, math.min(#list, 100) do
    if list[i] ~= consumer then
      for _, p in ipairs(held(list[i], idle, '-', math.min(10, most - #taken))) do found[#found + 1] = p end
    end
  end
  table.sort(found, older)
  for _, p in ipairs(found) do
    if #taken >= most then return end
    take(p[1], p[4], ABANDONED)
  end
end

-- Looks for idle entries consumer by consumer and returns where to go on. The
-- cursor is an id and the consumer to look for it with, which may be the parker.
local function search()
  local from, at = string.match(cursor, '^(%S+) (.*)$')
  local looks = 100 -- bounds how long one call keeps the server
  local list, begun = at == parker and {} or holders(), false
  for _, who in ipairs(list) do
    -- This one comes before all others.
    local past = at and at ~= consumer and (who == consumer or who < at)
    if not past then
      local start = who == at and from or '-'
      if looks == 0 or #taken >= most then return start .. ' ' .. who end
      looks = looks - 1
      if who ~= consumer and not begun then
        begun = true
        takeOldest(list)
        if #taken >= most then return start .. ' ' .. who end
      end
      local rest = takeIdle(who, start)
      if rest then return rest .. ' ' .. who end
    end
  end
  if #taken >= most or takeUnset() then return '- ' .. parker end
  return '-'
end

-- Due ones may be there without end, so they get half while others are looked
-- for, and what those leave.
local room = most
if returned ~= '' or idle >= 0 then
  room = ARGV[9] == '1' and math.floor(most / 2) or math.ceil(most / 2)
end
takeDue(room)
if returned ~= '' and #taken < most then
  for _, p in ipairs(redis.call('XPENDING', stream, group, '-', '+', most - #taken, returned)) do take(p[1], p[4], RETURNED) end
end
if idle >= 0 then cursor = search() end
takeDue(most - #taken)

local wait = -1
local first = parked('ZRANGE', 0, 0, 'WITHSCORES')
if first[2] then wait = math.max(0, tonumber(first[2]) - now) end
return {wait, cursor, taken, dropped, unset, broken}
