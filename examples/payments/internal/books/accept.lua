-- Takes a request on, or returns what was taken on under its id before; and whether it is
-- to be sent.
-- KEYS: requests, unsent. ARGV: id, record, order.
local was = redis.call('HGET', KEYS[1], ARGV[1])
if was then
  return {was, tostring(redis.call('HEXISTS', KEYS[2], ARGV[1]))}
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return {ARGV[2], '1'}
