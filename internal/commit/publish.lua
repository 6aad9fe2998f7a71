-- Adds messages to a stream, each once: one whose key is marked is passed over.
--
-- KEYS[1] the stream, KEYS[2..] one mark key a message
-- ARGV    ttl of the marks in ms (0: none), then for each message its number of
--         values and the values
-- Returns the error of the first message that failed, or how many were added.
local at, added = 2, 0
for m = 2, #KEYS do
  local n = tonumber(ARGV[at])
  local first = at + 1
  at = first + n
  if redis.call('EXISTS', KEYS[m]) == 0 then
    local reply = redis.pcall('XADD', KEYS[1], '*', unpack(ARGV, first, first + n - 1))
    if type(reply) == 'table' and reply.err then return redis.error_reply(reply.err) end
    local set
    if ARGV[1] == '0' then
      set = redis.pcall('SET', KEYS[m], reply)
    else
      set = redis.pcall('SET', KEYS[m], reply, 'PX', ARGV[1])
    end
    -- Redis does not roll back: without its mark the message must not stay.
    if set.err then
      redis.pcall('XDEL', KEYS[1], reply)
      return redis.error_reply(set.err)
    end
    added = added + 1
  end
end
return added
