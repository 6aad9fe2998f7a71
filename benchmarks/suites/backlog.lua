-- Adds numbered messages to KEYS[1]: ARGV[2] of them from ARGV[1], with ARGV[3] as the
-- beginning of their ids and ARGV[4] as what is behind the number in their payloads.
for i = tonumber(ARGV[1]), tonumber(ARGV[1]) + tonumber(ARGV[2]) - 1 do
  redis.call('XADD', KEYS[1], '*',
    '_watermill_message_uuid', ARGV[3] .. string.format('%012d', i),
    'metadata', '',
    'payload', '"' .. string.format('%010d', i) .. ARGV[4])
end
return redis.call('XLEN', KEYS[1])
