-- Reads for a group that is to see its stream in order: nothing new is read
-- while another consumer holds an entry, so at any time one consumer has work,
-- and entries of a silent one are taken over, oldest first, before anything new.
--
-- KEYS[1] the stream, KEYS[2] the group's hash of notes about entries
-- ARGV    group, consumer, parking consumer, consumer that handed back entries
--         are under, idle ms, most entries to take
-- Returns { 1 when it has to wait for another consumer, else 0,
--           the group's last delivered id,
--           { {id, attempt, {field, value, ...}, whence, history}, ... },
--           entries dropped since they were deleted while pending }
local stream, notes = KEYS[1], KEYS[2]
local group, consumer, parker, returned = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local idle, most = tonumber(ARGV[5]), tonumber(ARGV[6])
local taken, dropped = {}, 0
-- Whence an entry comes, as package commit counts it.
local FRESH, RETURNED, ABANDONED = 0, 2, 3

local function history(id)
  local note = redis.pcall('HGET', notes, id .. '/history')
  return type(note) == 'string' and note or ''
end

local others = 0
local summary = redis.call('XPENDING', stream, group)
for _, holder in ipairs(summary[4] or {}) do
  if holder[1] ~= consumer and holder[1] ~= parker then others = others + tonumber(holder[2]) end
end

local from, page = '-', 100
while others > 0 and #taken < most do
  local pending = redis.call('XPENDING', stream, group, from, '+', page)
  for _, p in ipairs(pending) do
    -- The next page begins with it again: it is the caller's then, or parked.
    from = p[1]
    if p[2] ~= consumer and p[2] ~= parker then
      if p[3] < idle then return {1, '', taken, dropped} end
      if #taken >= most then return {0, '', taken, dropped} end
      local entry = redis.call('XCLAIM', stream, group, consumer, 0, p[1], 'RETRYCOUNT', p[4] + 1)[1]
      others = others - 1
      if entry then
        taken[#taken + 1] = {p[1], p[4] + 1, entry[2], p[2] == returned and RETURNED or ABANDONED, history(p[1])}
      else
        redis.call('XACK', stream, group, p[1])
        dropped = dropped + 1
      end
    end
  end
  if #pending < page then others = 0 end
end
if #taken > 0 then return {0, '', taken, dropped} end

local read = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', most, 'STREAMS', stream, '>')
if read then
  for _, entry in ipairs(read[1][2]) do taken[#taken + 1] = {entry[1], 1, entry[2], FRESH, ''} end
  return {0, '', taken, dropped}
end
for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local field = {}
  for i = 1, #info, 2 do field[info[i]] = info[i + 1] end
  if field['name'] == group then return {0, field['last-delivered-id'], taken, dropped} end
end
return {0, '0-0', taken, dropped}
