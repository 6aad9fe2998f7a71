-- Tells how much there is to do for a group, and changes nothing.
--
-- KEYS[1] the stream
-- ARGV    group, parking consumer, most entries to count, most bytes of them to look at
-- Returns { undelivered entries, ms since the oldest of them was added,
--           pending entries that are not parked, ms since the oldest of them was added,
--           parked entries }, or nothing when there is no such group
local stream, group, parker = KEYS[1], ARGV[1], ARGV[2]
local most, budget = tonumber(ARGV[3]), tonumber(ARGV[4])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local length = redis.call('XLEN', stream)

local groups, info = redis.pcall('XINFO', 'GROUPS', stream), nil
if groups.err then
  if string.find(groups.err, 'no such key', 1, true) then return false end
  return groups
end
for _, reply in ipairs(groups) do
  local field = {}
  for i = 1, #reply, 2 do field[reply[i]] = reply[i + 1] end
  if field['name'] == group then info = field end
end
if not info then return false end

local function age(id) return math.max(0, now - tonumber(string.match(id, '^%d+'))) end

-- Counts the entries behind an id. Redis cannot do so without reading them, so
-- what is read is bounded, by what entries are large as so far.
-- Returns how many, the first one's id, and whether these are all.
local function count(last)
  local n, bytes, page, first = 0, 0, 1, nil
  while n < most and bytes < budget do
    local entries = redis.call('XRANGE', stream, '(' .. last, '+', 'COUNT', page)
    for _, entry in ipairs(entries) do
      n, last = n + 1, entry[1]
      first = first or last
      for _, text in ipairs(entry[2]) do bytes = bytes + #text end
    end
    if #entries < page then return n, first, true end
    local room = math.floor((budget - bytes) / math.max(1, bytes / n))
    page = math.max(1, math.min(10 * page, most - n, room))
  end
  return n, first, false
end

local undelivered, first, all = count(info['last-delivered-id'])
if not all then
  -- Redis's own figure may be unknown or wrong after restarts and deletions.
  local said = tonumber(info['lag'] or '')
  if said and said >= undelivered and said <= length then
    undelivered = said
  else
    undelivered = math.max(undelivered, length)
  end
end

local summary = redis.call('XPENDING', stream, group)
local parked, oldest, looks = 0, 0, 100
for _, holder in ipairs(summary[4] or {}) do
  if holder[1] == parker then
    parked = tonumber(holder[2])
  elseif looks > 0 then
    looks = looks - 1 -- bounds how long one call keeps the server
    local entry = redis.call('XPENDING', stream, group, '-', '+', 1, holder[1])[1]
    if entry then oldest = math.max(oldest, age(entry[1])) end
  end
end
return {undelivered, first and age(first) or 0, summary[1] - parked, oldest, parked}
