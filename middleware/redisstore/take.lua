-- KEYS[1] is a bucket: when it will be full again, in microseconds by this server's
-- clock. One that is full is not there. ARGV has the time that a token takes and that
-- which a full bucket takes, both in microseconds.
-- Returns 0 and takes a token, or for how long there will be none.
local interval, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- No bucket is emptier than empty, whatever it was before the clock was set back or
-- the limit was changed.
local full = tonumber(redis.call('GET', KEYS[1]) or now)
full = math.min(math.max(full, now), now + room) + interval

local wait = full - room - now
-- Less than the clock can tell is only what rounding leaves.
if wait >= 1 then
	return math.ceil(wait)
end
redis.call('SET', KEYS[1], string.format('%.3f', full), 'PX', math.ceil((full - now) / 1000))
return 0
