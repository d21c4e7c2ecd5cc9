-- Keeps a worker among the members. Keys: m, wk, up. Arguments: worker, 1 to join, id of its run.
local run = redis.call('HMGET', KEYS[1], 'state', 'lease', 'id')
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
elseif ARGV[3] ~= '' and run[3] and run[3] ~= ARGV[3] then
  return redis.error_reply('OTHERRUN another run has this name')
end
local now = milliseconds()
local last = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not last and ARGV[2] ~= '1' then
  return -1
end
-- A gap of more than two thirds of a lease breaks the beats, and so does a clock that was set back.
if not last or (now - last) * 3 > run[2] * 2 or tonumber(last) > now then
  redis.call('HSET', KEYS[3], ARGV[1], written(now))
end
redis.call('ZADD', KEYS[2], written(now), ARGV[1])
return {run[1], redis.call('ZCARD', KEYS[2])}
