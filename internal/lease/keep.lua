-- Prolongs or ends a lease, if it is the owner's.
--
-- KEYS[1] the key; ARGV: owner, ms from now (0: it ends)
-- Returns 1 if it was the owner's, else 0.
if redis.call('GET', KEYS[1]) ~= 'lease ' .. ARGV[1] then return 0 end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
