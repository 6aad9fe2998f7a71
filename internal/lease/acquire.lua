-- Gives a lease on a key, unless it is another's or what it is about was done.
--
-- KEYS[1] the key; ARGV: owner, ms
-- Returns { 0 given, 1 another's, 2 done,
--           ms that another's lease lasts }
local value = redis.call('GET', KEYS[1])
if value then
  if string.sub(value, 1, 6) ~= 'lease ' then return {2, 0} end
  local function who(owner) return string.match(owner, '^[^/]*') end
  if who(string.sub(value, 7)) ~= who(ARGV[1]) then return {1, redis.call('PTTL', KEYS[1])} end
end
redis.call('SET', KEYS[1], 'lease ' .. ARGV[1], 'PX', ARGV[2])
return {0, 0}
