-- Settles deliveries of one group: each is acknowledged, and only if that
-- acknowledgement counted is what it staged carried out.
--
-- KEYS[1]   the stream the deliveries were read from
-- KEYS[2]   the group's parking set
-- KEYS[3..] the streams and mark keys that the deliveries name by index
-- ARGV      group, consumer, parking consumer, ms to park after a failed
--           output, then for each delivery its id, its attempt and either
--             'P', ms to park
--           or
--             'A', number of marks, for each: key index, ttl in ms (0: none)
--                  number of outputs, for each: key index, number of values, values
-- Returns one item a delivery: 1 done, 0 fenced off (another consumer settled
-- or holds it), 2 acknowledged as a duplicate, 3 the group is gone, or the
-- error of the output that failed, in which case nothing of it was carried out
-- and the delivery is parked.
local stream, parking = KEYS[1], KEYS[2]
local group, consumer, parker, failms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local at = 5

local function take()
  local value = ARGV[at]
  at = at + 1
  return value
end

local nowms
local function now()
  if not nowms then
    local t = redis.call('TIME')
    nowms = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return nowms
end

local function zadd(id, ms)
  redis.call('ZADD', parking, string.format('%.0f', now() + ms), id)
end

-- An XACK of a group that does not exist answers 0, as one that lost the race does.
local gone
local function unacknowledged()
  if gone == nil then gone = redis.pcall('XPENDING', stream, group).err ~= nil end
  return gone and 3 or 0
end

local function park(id, ms)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err then return 3 end
  if not pending[1] or pending[1][2] ~= consumer then return 0 end
  redis.call('XCLAIM', stream, group, parker, 0, id, 'RETRYCOUNT', pending[1][4], 'JUSTID')
  zadd(id, ms)
  return 1
end

local function ackandrun(id, attempt)
  local marks, duplicate = {}, false
  for m = 1, tonumber(take()) do
    local key, ttl = KEYS[tonumber(take())], take()
    marks[m] = {key, ttl}
    if redis.call('EXISTS', key) == 1 then duplicate = true end
  end
  local acked = redis.call('XACK', stream, group, id)
  local failure
  local added = {}
  for _ = 1, tonumber(take()) do
    local key, n = KEYS[tonumber(take())], tonumber(take())
    local first = at
    at = at + n
    if acked == 1 and not duplicate and not failure then
      local reply = redis.pcall('XADD', key, '*', unpack(ARGV, first, first + n - 1))
      if type(reply) == 'table' and reply.err then
        failure = key .. ': ' .. reply.err
      else
        added[#added + 1] = {key, reply}
      end
    end
  end
  if acked == 0 then return unacknowledged() end
  if duplicate then return 2 end
  if not failure then
    for _, mark in ipairs(marks) do
      local reply
      if mark[2] == '0' then
        reply = redis.pcall('SET', mark[1], id)
      else
        reply = redis.pcall('SET', mark[1], id, 'PX', mark[2])
      end
      if reply.err then failure = mark[1] .. ': ' .. reply.err end
    end
  end
  if not failure then return 1 end
  -- Redis does not roll back, so this does: the outputs go, the entry returns.
  for _, output in ipairs(added) do redis.pcall('XDEL', output[1], output[2]) end
  for _, mark in ipairs(marks) do redis.pcall('DEL', mark[1]) end
  redis.call('XCLAIM', stream, group, parker, 0, id, 'RETRYCOUNT', attempt, 'FORCE', 'JUSTID')
  zadd(id, failms)
  return failure
end

local results = {}
while at <= #ARGV do
  local id, attempt, verdict = take(), take(), take()
  if verdict == 'P' then
    results[#results + 1] = park(id, tonumber(take()))
  else
    results[#results + 1] = ackandrun(id, attempt)
  end
end
return results
