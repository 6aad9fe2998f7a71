-- Takes over entries whose time has come: parked ones that are due, those that
-- were handed back, and those that nobody has renewed for too long, the caller's
-- own among them.
--
-- KEYS[1] the stream, KEYS[2] the group's parking set
-- ARGV    group, consumer, parking consumer, consumer that handed back entries
--         are under (empty: leave those alone), idle ms (negative: leave idle
--         entries alone), most entries to take, id to look for idle ones from
-- Returns { ms until the next parked entry is due or -1,
--           id to go on from or '-' when all were looked at,
--           { {id, attempt, {field, value, ...}, whence}, ... },
--           entries dropped since they were deleted while pending }
local stream, parking = KEYS[1], KEYS[2]
local group, consumer, parker, returned = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local idle, most, from = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local taken, dropped = {}, 0
-- Whence an entry comes, as package commit counts it.
local PARKED, RETURNED, ABANDONED, OWN = 1, 2, 3, 4

local function take(id, deliveries, how)
  local entry = redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', deliveries + 1)[1]
  -- An entry that was deleted while pending has nothing left to deliver.
  if entry then
    taken[#taken + 1] = {id, deliveries + 1, entry[2], how}
  else
    redis.call('XACK', stream, group, id)
    dropped = dropped + 1
  end
end

local due = redis.call('ZRANGEBYSCORE', parking, '-inf', now, 'LIMIT', 0, most)
for _, id in ipairs(due) do
  redis.call('ZREM', parking, id)
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  if pending and pending[2] == parker then take(id, pending[4], PARKED) end
end

if returned ~= '' and #taken < most then
  for _, p in ipairs(redis.call('XPENDING', stream, group, '-', '+', most - #taken, returned)) do take(p[1], p[4], RETURNED) end
end

-- Parked entries lie idle, too, and may be very many: look at so many a call.
local page, pages = 100, 20
while idle >= 0 and #taken < most and pages > 0 do
  pages = pages - 1
  local pending = redis.pcall('XPENDING', stream, group, 'IDLE', idle, from, '+', page)
  -- miniredis has no exclusive ids; to look at one again does no harm.
  if pending.err then pending = redis.call('XPENDING', stream, group, 'IDLE', idle, string.gsub(from, '^%(', ''), '+', page) end
  for _, p in ipairs(pending) do
    if #taken >= most then break end
    from = '(' .. p[1]
    -- A parked entry whose due time was lost is as abandoned as any other.
    if p[2] == consumer then
      -- With a handler that outlasts a stall of its process, most likely, which
      -- is not another attempt.
      take(p[1], p[4] - 1, OWN)
    elseif p[2] ~= parker or not redis.call('ZSCORE', parking, p[1]) then
      take(p[1], p[4], ABANDONED)
    end
  end
  if #pending < page and #taken < most then
    from = '-'
    break
  end
end

local wait = -1
local first = redis.call('ZRANGE', parking, 0, 0, 'WITHSCORES')
if first[2] then wait = math.max(0, tonumber(first[2]) - now) end
return {wait, from, taken, dropped}
