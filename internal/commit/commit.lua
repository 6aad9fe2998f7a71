-- Settles deliveries of one group: each is acknowledged, and only if that
-- acknowledgement counted is what it staged carried out.
--
-- KEYS[1]   the stream the deliveries were read from
-- KEYS[2]   the group's parking set
-- KEYS[3]   the group's hash of notes about entries: new beginnings on abandoned
--           ones by id, histories by id and '/history'
-- KEYS[4..] the streams and mark keys that the deliveries name by index
-- ARGV      group, consumer, parking consumer, ms to park after a failed
--           output, doubled with each attempt up to 60 times, and then records,
--           each with its kind first:
--
--   'A', id, attempt, 1 when something may be noted of the entry,
--                     number of marks, for each: key index, ttl in ms (0: none)
--                     number of outputs, for each: key index, index of a key by
--                     which it is added once (0: none), ttl of that in ms (0:
--                     none), number of values, values
--        acknowledge, with any effects
--   'R', number of deliveries, key index, number of fields, the field names,
--        for each delivery: id, the fields' values
--        acknowledge deliveries at their first attempt with one output each,
--        to the same topic and with the same field names
--   'K', number of deliveries, their ids
--        acknowledge deliveries at their first attempt with no effects
--   'P', id, attempt, ms, deliveries to take back, a note of its history or empty
--        park
--
-- Returns one item a delivery: 1 done, 0 fenced off (another consumer settled
-- or holds it), 2 acknowledged as a duplicate, 3 the group is gone, or the
-- key and the error of what failed, in which case nothing of it was carried out and
-- the delivery is parked.
local call, pcall, ARGV, KEYS = redis.call, redis.pcall, ARGV, KEYS
local stream, parking, notes = KEYS[1], KEYS[2], KEYS[3]
local group, consumer, parker, failms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local at, last = 5, #ARGV
local results, count = {}, 0

-- Makes what is not needed for a run that goes well, and most commits are one: to make
-- all these functions takes longer than to settle a delivery. Returns the functions for
-- the kinds of records that are no runs by kind, and those for what goes wrong in one.
local function make()
  local function take()
    local value = ARGV[at]
    at = at + 1
    return value
  end

  local now
  local function due(id, ms)
    if not now then
      local t = call('TIME')
      now = t[1] * 1000 + math.floor(t[2] / 1000)
    end
    return pcall('ZADD', parking, string.format('%.0f', now + ms), id)
  end

  -- An XACK of a group that does not exist answers 0, as one that lost the race does.
  local gone
  local function unacknowledged()
    if gone == nil then gone = pcall('XPENDING', stream, group).err ~= nil end
    return gone and 3 or 0
  end

  -- Redis does not roll back, so a delivery that was acknowledged and failed is
  -- put back by hand.
  local function failed(id, attempt, key, reply)
    call('XCLAIM', stream, group, parker, 0, id, 'RETRYCOUNT', attempt, 'FORCE', 'JUSTID')
    due(id, failms * math.min(2 ^ (attempt - 1), 60))
    return {key, reply.err}
  end

  local function park(id, attempt, ms, uncounted, history)
    local pending = pcall('XPENDING', stream, group, id, id, 1)
    if pending.err then return 3 end
    if not pending[1] or pending[1][2] ~= consumer then return 0 end
    -- Of a repeated commit: it was parked, and is with its consumer again.
    if pending[1][4] > attempt then return 0 end
    -- XCLAIM first: without memory to spare, Redis refuses ZADD unless the script
    -- has written already.
    call('XCLAIM', stream, group, parker, 0, id, 'RETRYCOUNT', math.max(0, pending[1][4] - uncounted), 'JUSTID')
    local added = due(id, ms)
    -- Without its due time it comes again when it has been idle.
    if type(added) == 'table' then return {parking, added.err} end
    pcall('HDEL', notes, id)
    if history ~= '' then
      pcall('HSET', notes, id .. '/history', history)
      pcall('PEXPIRE', notes, 2592000000) -- as when a beginning is noted
    end
    return 1
  end

  local function set(key, value, ttl)
    if ttl == '0' then return pcall('SET', key, value) end
    return pcall('SET', key, value, 'PX', ttl)
  end

  -- Takes the marks of a delivery, whether one of them is set already, and the key
  -- and error of one that cannot be looked at. A lease is no mark, whoever has it:
  -- the first to commit is.
  local function takemarks()
    local marks, duplicate, unknown = {}, false, nil
    for m = 1, tonumber(take()) do
      local key, ttl = KEYS[tonumber(take())], take()
      marks[m] = {key, ttl}
      local value = pcall('GET', key)
      if type(value) == 'table' then
        unknown = unknown or {key, value}
      elseif value and string.sub(value, 1, 6) ~= 'lease ' then
        duplicate = true
      end
    end
    return marks, duplicate, unknown
  end

  -- Takes the outputs of a delivery, without those that were added before, as a list
  -- of {key, position, number of values, key by which it is added once, ttl of that},
  -- and the key and error of a key by which one is added once that cannot be looked at.
  local function takeoutputs()
    local outputs, seen, unknown = {}, {}, nil
    for _ = 1, tonumber(take()) do
      local key, once, ttl, n = KEYS[tonumber(take())], KEYS[tonumber(take())], take(), tonumber(take())
      local exists = once and pcall('EXISTS', once) or 0
      if type(exists) == 'table' then
        unknown = unknown or {once, exists}
      elseif exists == 0 and not (once and seen[once]) then
        outputs[#outputs + 1] = {key, at, n, once, ttl}
        if once then seen[once] = true end
      end
      at = at + n
    end
    return outputs, unknown
  end

  -- Adds outputs, and returns what was added, as a list of {key, id, key by which it
  -- was added once}, and how adding ended if it failed: the key and the error.
  local function addall(outputs)
    local added = {}
    for _, output in ipairs(outputs) do
      local key, first, n, once, ttl = unpack(output, 1, 5)
      local reply = pcall('XADD', key, '*', unpack(ARGV, first, first + n - 1))
      if type(reply) == 'table' then return added, key, reply end
      added[#added + 1] = {key, reply, once}
      local marked = once and set(once, reply, ttl)
      if marked and marked.err then return added, once, marked end
    end
    return added
  end

  local function acknowledge(id, attempt, noted)
    local marks, duplicate, unknown = takemarks()
    local outputs, doubtful = takeoutputs()
    if call('XACK', stream, group, id) == 0 then return unacknowledged() end
    local function forget()
      if noted == '1' then pcall('HDEL', notes, id, id .. '/history') end
    end
    if duplicate then
      forget()
      return 2
    end
    -- What may be a duplicate must neither be passed on nor dropped.
    unknown = unknown or doubtful
    if unknown then return failed(id, attempt, unknown[1], unknown[2]) end
    local added, key, refusal = addall(outputs)
    local failure, marked = key and failed(id, attempt, key, refusal), {}
    for _, mark in ipairs(marks) do
      if failure then break end
      local reply = set(mark[1], id, mark[2])
      if reply.err then failure = failed(id, attempt, mark[1], reply) else marked[#marked + 1] = mark[1] end
    end
    if not failure then
      forget()
      return 1
    end
    for _, output in ipairs(added) do
      pcall('XDEL', output[1], output[2])
      if output[3] then pcall('DEL', output[3]) end
    end
    for _, key in ipairs(marked) do pcall('DEL', key) end
    return failure
  end

  return {
    A = function() return acknowledge(take(), take(), take()) end,
    P = function() return park(take(), tonumber(take()), tonumber(take()), tonumber(take()), take()) end,
    unacknowledged = unacknowledged,
    failed = failed,
  }
end

local made
local function rare()
  made = made or make()
  return made
end

while at <= last do
  local kind = ARGV[at]
  at = at + 1
  if kind == 'R' then
    local left, key, n = tonumber(ARGV[at]), KEYS[tonumber(ARGV[at + 1])], tonumber(ARGV[at + 2])
    at = at + 3
    -- Entries of three fields are the rule, and a call with its arguments written
    -- out is the fastest.
    local a, b, c = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    local command
    if n ~= 3 then
      command = {'XADD', key, '*'}
      for i = 1, n do command[2 + 2 * i] = ARGV[at + i - 1] end
    end
    at = at + n
    for _ = 1, left do
      local id, outcome = ARGV[at], 1
      if call('XACK', stream, group, id) == 1 then
        local reply
        if not command then
          reply = pcall('XADD', key, '*', a, ARGV[at + 1], b, ARGV[at + 2], c, ARGV[at + 3])
        else
          for i = 1, n do command[3 + 2 * i] = ARGV[at + i] end
          reply = pcall(unpack(command))
        end
        if type(reply) == 'table' then outcome = rare().failed(id, 1, key, reply) end
      else
        outcome = rare().unacknowledged()
      end
      count = count + 1
      results[count] = outcome
      at = at + n + 1
    end
  elseif kind == 'K' then
    local first = at + 1
    at = first + tonumber(ARGV[at])
    for i = first, at - 1 do
      count = count + 1
      results[count] = call('XACK', stream, group, ARGV[i]) == 1 and 1 or rare().unacknowledged()
    end
  else
    count = count + 1
    results[count] = rare()[kind]()
  end
end
return results
