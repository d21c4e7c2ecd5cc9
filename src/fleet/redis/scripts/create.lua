-- Creates a lane. Keys: m, then all other keys of the lane. Arguments: settings, lanes, lease in ms, state.
numbers(2, 3)
if redis.call('EXISTS', KEYS[1]) == 1 then
  -- A hash without a version is no run.
  return redis.call('HGET', KEYS[1], 'v') and 0 or redis.error_reply('FOREIGN ' .. KEYS[1])
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
  'eof', '0', 'pos', '0', 'sum', '')
return 1
