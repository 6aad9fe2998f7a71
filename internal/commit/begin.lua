-- Notes that a consumer begins anew on an entry whose consumer had died or frozen.
--
-- KEYS[1] the stream, KEYS[2] the group's hash of such beginnings: how many and
--         the last attempt that was noted, by id
-- ARGV    group, consumer, id, attempt, ms after which the hash may go when
--         nothing is noted any more
-- Returns how often this was noted since the entry was settled last: each attempt
-- once, however often it is asked, and none of a consumer that has lost the entry.
local stream, notes = KEYS[1], KEYS[2]
local group, consumer, id, attempt, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local n, last = string.match(redis.call('HGET', notes, id) or '', '^(%d+) (%d+)$')
n = tonumber(n or 0)
if last == attempt then return n end
local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if not pending or pending[2] ~= consumer then return 0 end
redis.call('HSET', notes, id, (n + 1) .. ' ' .. attempt)
redis.call('PEXPIRE', notes, ttl)
return n + 1
