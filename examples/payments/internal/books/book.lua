-- Books an outcome, or returns the one that was booked under its id before.
-- KEYS: outcomes, balances, shares. ARGV: id, record, processor, and then an account and
-- what it gets, any number of times.
local was = redis.call('HGET', KEYS[1], ARGV[1])
if was then
  return was
end
-- Redis does not roll back: what was done before an account overflows is undone here.
for i = 4, #ARGV, 2 do
  local reply = redis.pcall('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1])
  if type(reply) == 'table' and reply.err then
    for j = 4, i - 2, 2 do
      local cents = ARGV[j + 1]
      local back = string.sub(cents, 1, 1) == '-' and string.sub(cents, 2) or '-' .. cents
      redis.call('HINCRBY', KEYS[2], ARGV[j], back)
    end
    return reply
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[3], ARGV[3], 1)
return ARGV[2]
