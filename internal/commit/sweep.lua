-- Removes consumers that hold nothing and have long been silent.
--
-- KEYS[1] the stream; ARGV: group, the caller, ms of silence
-- Returns how many were removed.
local stream, group = KEYS[1], ARGV[1]
local removed = 0
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
