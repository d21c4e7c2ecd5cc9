-- Notes how far the input is loaded. Keys: m of lane 0. Arguments: loader, position, digest, 1 at the end of the input.
-- Returns 0 if a newer loader is at work.
local run = redis.call('HMGET', KEYS[1], 'state', 'loader')
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
elseif run[2] ~= ARGV[1] then
  return 0
end
numbers(2, 2)
redis.call('HSET', KEYS[1], 'pos', ARGV[2], 'sum', ARGV[3], 'eof', ARGV[4])
return 1
