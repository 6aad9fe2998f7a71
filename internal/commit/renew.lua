-- Renews the hold on entries, so that nobody takes them for abandoned. Those
-- that another consumer took in the meantime are left alone.
--
-- KEYS[1] the stream; ARGV: group, consumer, then ids
-- Returns how many are still held.
local held = 0
for i = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
  -- XCLAIM would drop an entry that was trimmed away, and with it the handler's
  -- work: its commit would no longer count.
  if pending and pending[2] == ARGV[2] and redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'RETRYCOUNT', pending[4], 'JUSTID')
    held = held + 1
  end
end
return held
