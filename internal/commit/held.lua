-- Looks at entries that a consumer holds. XREADGROUP would do so too, but counts
-- it as another delivery of each.
--
-- KEYS[1] the stream, KEYS[2] the group's hash of notes about entries; ARGV: group, consumer, id to begin with, most entries, 1
-- when they are an earlier process's of the same name: that counts as another
-- delivery
-- Returns { {id, attempt, {field, value, ...}, whence, history}, ... }, without fields for
-- an entry that was deleted
local stream, group, consumer, inherit = KEYS[1], ARGV[1], ARGV[2], ARGV[5] == '1'
local held = {}
for i, p in ipairs(redis.call('XPENDING', stream, group, ARGV[3], '+', ARGV[4], consumer)) do
  local entry = redis.call('XRANGE', stream, p[1], p[1])[1]
  local attempt, whence = math.max(1, p[4]), 4
  -- The first of a later page was the last of the one before.
  if inherit and entry and p[1] ~= ARGV[3] then
    attempt, whence = attempt + 1, 3
    redis.call('XCLAIM', stream, group, consumer, 0, p[1], 'RETRYCOUNT', attempt, 'JUSTID')
  end
  local note = redis.pcall('HGET', KEYS[2], p[1] .. '/history')
  held[i] = {p[1], attempt, entry and entry[2] or {}, whence, type(note) == 'string' and note or ''}
end
return held
