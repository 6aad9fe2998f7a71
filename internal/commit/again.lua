-- Counts a delivery of an entry that its consumer keeps: it begins on it again.
--
-- KEYS[1] the stream, KEYS[2] the group's hash of notes about entries
-- ARGV    group, consumer, id, attempt, a note of its history or empty
-- Returns 1, or 0 when another consumer has it by now.
local stream, group, consumer, id = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if not pending or pending[2] ~= consumer then return 0 end
redis.call('XCLAIM', stream, group, consumer, 0, id, 'RETRYCOUNT', ARGV[4], 'JUSTID')
if ARGV[5] ~= '' then
  redis.pcall('HSET', KEYS[2], id .. '/history', ARGV[5])
  redis.pcall('PEXPIRE', KEYS[2], 2592000000) -- as when a beginning is noted
end
return 1
