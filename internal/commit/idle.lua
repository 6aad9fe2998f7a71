-- Tells whether groups have anything left to do, all at one moment.
--
-- KEYS the streams, ARGV the group of each
-- Returns 1 when no entry is undelivered, pending or parked in any group.
for i, stream in ipairs(KEYS) do
  if redis.call('EXISTS', stream) == 1 then
    local last = '-'
    for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
      local field = {}
      for j = 1, #info, 2 do field[info[j]] = info[j + 1] end
      if field['name'] == ARGV[i] then
        -- Parked entries stay pending.
        if tonumber(field['pending']) > 0 then return 0 end
        last = field['last-delivered-id']
      end
    end
    -- The group's own count of undelivered entries is unknown or wrong after
    -- some restarts and deletions, so look for one.
    local left = redis.call('XREVRANGE', stream, '+', last, 'COUNT', 1)[1]
    if left and left[1] ~= last then return 0 end
  end
end
return 1
