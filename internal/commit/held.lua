-- Looks at entries that a consumer holds. XREADGROUP would do so too, but counts
-- it as another delivery of each.
--
-- KEYS[1] the stream; ARGV: group, consumer, id to begin with, most entries
-- Returns { {id, attempt, {field, value, ...}}, ... }, without fields for an
-- entry that was deleted
local held = {}
for i, p in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], '+', ARGV[4], ARGV[2])) do
  local entry = redis.call('XRANGE', KEYS[1], p[1], p[1])[1]
  held[i] = {p[1], math.max(1, p[4]), entry and entry[2] or {}}
end
return held
