-- Removes consumers that hold nothing and have long been silent, and keeps the
-- caller from being taken for one: to Redis before 7.2, who reads and gets nothing
-- is silent.
--
-- KEYS[1] the stream; ARGV: group, the caller, ms of silence
-- Returns how many were removed.
local stream, group = KEYS[1], ARGV[1]
local removed = 0
-- Nothing is pending behind so high an id.
redis.call('XREADGROUP', 'GROUP', group, ARGV[2], 'COUNT', 1, 'STREAMS', stream, '18446744073709551615-0')
for _, reply in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
  local consumer = {}
  for i = 1, #reply, 2 do consumer[reply[i]] = reply[i + 1] end
  local own = consumer.name == ARGV[2] or string.sub(consumer.name, 1, 11) == 'millstream:'
  if not own and consumer.pending == 0 and consumer.idle >= tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer.name)
    removed = removed + 1
  end
end
return removed
