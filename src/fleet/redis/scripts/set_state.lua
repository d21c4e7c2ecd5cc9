-- Sets the state of a lane. Keys: m. Arguments: state. Returns 0 if the run is cancelled.
-- `loaded` remembers that a run is loaded while it is paused.
local run = redis.call('HMGET', KEYS[1], 'state', 'loaded')
local state = ARGV[1]
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
elseif run[1] == 'cancel' then
  return state == 'cancel' and 1 or 0
elseif state == 'done' then
  redis.call('HSET', KEYS[1], 'loaded', '1')
  if run[1] == 'pause' then
    return 1
  end
elseif state == 'run' and run[2] == '1' then
  state = 'done'
end
redis.call('HSET', KEYS[1], 'state', state)
return 1
