-- Marks a lane as loaded. Keys: m. Arguments: loader. Returns FINISHED, CANCELLED, or OTHER if a newer loader is at work.
local run = redis.call('HMGET', KEYS[1], 'state', 'loader')
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
elseif run[1] == 'cancel' then
  return 'CANCELLED'
elseif run[2] ~= ARGV[1] then
  return 'OTHER'
end
-- A pause goes on, and `loaded` remembers what follows it.
redis.call('HSET', KEYS[1], 'loaded', '1', 'later_eof', '1', 'state', run[1] == 'pause' and 'pause' or 'done')
return 'FINISHED'
