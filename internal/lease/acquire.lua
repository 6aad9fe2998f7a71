-- Gives a lease on a key, unless it is another's or what it is about was done.
--
-- KEYS[1] the key; ARGV: owner, ms
-- Returns { 0 given, 1 another's, 2 done,
--           ms that another's lease lasts }
local value = redis.call('GET', KEYS[1])
if value then
  if string.sub(value, 1, 6) ~= 'lease ' then return {2, 0} end
  local function split(owner)
    local who, run = string.match(owner, '^([^/]*)/?(.*)$')
    return who, tonumber(run) or 0
  end
  local holder, since = split(string.sub(value, 7))
  local asker, run = split(ARGV[1])
  -- An earlier run that asks was frozen, and is not the one that counts any more.
  if holder ~= asker or run < since then return {1, redis.call('PTTL', KEYS[1])} end
end
-- A full Redis refuses SET unless the script has written already; and to handle
-- messages may be what makes room.
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], 'lease ' .. ARGV[1], 'PX', ARGV[2])
return {0, 0}
