-- Hands unfinished entries back to the group, so that others take them at once,
-- and removes the consumer if it holds nothing any more.
--
-- KEYS[1] the stream
-- ARGV    group, consumer, name to leave the entries under, idle ms to give
--         them, then for each entry its id and how many deliveries to take back
-- Returns how many entries were handed back.
local stream = KEYS[1]
local group, consumer, returned, idle = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local n = 0
for i = 5, #ARGV, 2 do
  local id = ARGV[i]
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  if pending and pending[2] == consumer then
    redis.call('XCLAIM', stream, group, returned, 0, id, 'IDLE', idle,
      'RETRYCOUNT', math.max(0, pending[4] - tonumber(ARGV[i + 1])), 'JUSTID')
    n = n + 1
  end
end
if #redis.call('XPENDING', stream, group, '-', '+', 1, consumer) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer)
end
return n
