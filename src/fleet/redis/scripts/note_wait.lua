-- Notes until when workers leave a host alone, for those that look at the run. Keys: hosts. Arguments: reason and host,
-- µs; 0: they leave it alone no more for this reason.
local now, time = microseconds(), numbers(2, 2)[1]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', written(now))
if time == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
  return 1
end
local before = redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0
redis.call('ZADD', KEYS[1], written(math.max(now + time, tonumber(before))), ARGV[1])
-- The longest waits are kept.
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1001)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIRE', KEYS[1], written(math.max(600000, math.ceil((last - now) / 1000) + 1000)))
return 1
