-- Counts how workers fare with a host. Keys: v, a, cb. Arguments: worker, 1 if most of its calls fail, rest in µs.
-- Returns 0 if the host does not rest, 1 if it does, 2 if it does from now on.
local now, rest = microseconds(), numbers(3, 3)[1]
-- A vote counts for ten seconds. One from further ahead is from before the server's clock was set back.
for at = 1, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[at], '-inf', written(now - 10000000))
  redis.call('ZREMRANGEBYSCORE', KEYS[at], '(' .. written(now + 10000000), '+inf')
end
redis.call('ZADD', KEYS[2], written(now), ARGV[1])
redis.call('PEXPIRE', KEYS[2], 600000)
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 1 then
  -- Calls that fail while the host rests were begun before.
  return 1
elseif ARGV[2] == '1' then
  redis.call('ZADD', KEYS[1], written(now), ARGV[1])
  redis.call('PEXPIRE', KEYS[1], 600000)
end
local votes, active = redis.call('ZCARD', KEYS[1]), redis.call('ZCARD', KEYS[2])
if votes < 2 or votes * 10 < active * 3 then
  return 0
end
local kept = math.max(600000, math.ceil(rest / 1000) + 1000)
redis.call('SET', KEYS[3], 'open:' .. written(now + rest) .. ':' .. written(rest), 'PX', written(kept))
redis.call('DEL', KEYS[1])
return 2
