-- Marks a key as done, whoever has its lease.
--
-- KEYS[1] the key; ARGV: ms that the mark lasts (0: for ever)
-- Returns 1, or 0 when it was marked before; then the mark lasts no longer.
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, 6) ~= 'lease ' then return 0 end
-- A full Redis refuses SET unless the script has written already.
redis.call('DEL', KEYS[1])
if ARGV[1] == '0' then
  redis.call('SET', KEYS[1], 'done')
else
  redis.call('SET', KEYS[1], 'done', 'PX', ARGV[1])
end
return 1
