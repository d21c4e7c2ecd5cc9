-- Makes a loader the newest one of a lane. Keys: m. Arguments: loader, lease in ms, its generation, 1 in the first lane,
-- id of the run. Returns the generation of the first lane, by which two loaders that begin at once end up in one order
-- everywhere, or 0 if another loader has this generation or a higher one: the call comes late.
local run = redis.call('HMGET', KEYS[1], 'state', 'loader', 'generation', 'id')
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
elseif ARGV[4] == '1' and (run[4] or '') ~= ARGV[5] then
  return redis.error_reply('OTHERRUN another run has this name')
end
numbers(2, 4)
local newest, generation = tonumber(run[3] or '0'), tonumber(ARGV[3])
if ARGV[4] == '1' and run[2] == ARGV[1] then
  -- The reply to its first call was lost.
  return newest
elseif generation <= newest then
  return 0
end
redis.call('HSET', KEYS[1], 'loader', ARGV[1], 'lease', ARGV[2], 'generation', written(generation), 'loaded', '0',
  'id', ARGV[5])
if run[1] == 'done' then
  redis.call('HSET', KEYS[1], 'state', 'run')
end
return generation
