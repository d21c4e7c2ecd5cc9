-- Creates a lane. Keys: m, then all other keys of the lane. Arguments: settings, lanes, lease in ms, state, id of the run, 1
-- in the first lane.
numbers(2, 3)
if redis.call('EXISTS', KEYS[1]) == 1 then
  local run = redis.call('HMGET', KEYS[1], 'v', 'id')
  -- A hash without a version is no run.
  if not run[1] then
    return redis.error_reply('FOREIGN ' .. KEYS[1])
  elseif ARGV[6] ~= '1' and run[2] ~= ARGV[5] then
    -- Another creation made the lane, and ended early or goes on. The first lane has the id that counts: a loader brings it
    -- to this one.
    redis.call('HDEL', KEYS[1], 'id')
  end
  return 0
end
for at = 2, #KEYS do
  if redis.call('EXISTS', KEYS[at]) == 1 then
    return redis.error_reply('FOREIGN ' .. KEYS[at])
  end
end
writes(KEYS[1], 'hset')
redis.call('XGROUP', 'CREATE', KEYS[2], 'w', '0', 'MKSTREAM')
redis.call('XGROUP', 'CREATE', KEYS[3], 'c', '0', 'MKSTREAM')
redis.call('HSET', KEYS[1], 'v', '1', 'args', ARGV[1], 'lanes', ARGV[2], 'lease', ARGV[3], 'state', ARGV[4],
  'eof', '0', 'pos', '0', 'sum', '', 'id', ARGV[5])
return 1
