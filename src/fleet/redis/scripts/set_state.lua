-- Sets the state of a lane. Keys: m. Arguments: run, pause or cancel; id of the run. Returns 0 if the run is cancelled.
-- `loaded` remembers that a run is loaded while it is paused.
local run = redis.call('HMGET', KEYS[1], 'state', 'loaded', 'id')
local state = ARGV[1]
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
elseif ARGV[2] ~= '' and run[3] and run[3] ~= ARGV[2] then
  return redis.error_reply('OTHERRUN another run has this name')
elseif run[1] == 'cancel' then
  return state == 'cancel' and 1 or 0
elseif state == 'done' then
  return redis.error_reply('BADARG only its loader may mark a run as loaded')
elseif state == 'run' and run[2] == '1' then
  state = 'done'
end
redis.call('HSET', KEYS[1], 'state', state)
return 1
