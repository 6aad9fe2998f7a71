-- Notes that a consumer begins anew on an entry whose consumer had died or frozen.
--
-- KEYS[1] the group's hash of such beginnings; ARGV: id, ms after which the hash
-- may go when nothing is noted any more
-- Returns how often this was noted since the entry was settled last.
local n = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return n
