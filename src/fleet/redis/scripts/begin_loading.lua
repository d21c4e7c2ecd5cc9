-- Makes a loader the newest one of a lane. Keys: m. Arguments: loader, lease in ms, and in lanes other than the first the
-- generation that the first one gave. Returns the generation: two loaders that begin at once end up in one order
-- everywhere.
local run = redis.call('HMGET', KEYS[1], 'state', 'loader', 'generation')
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
end
numbers(2, #ARGV)
local generation = tonumber(run[3] or '0')
if ARGV[3] then
  if tonumber(ARGV[3]) <= generation then
    return generation
  end
  generation = tonumber(ARGV[3])
elseif run[2] == ARGV[1] then
  -- The reply to its first call was lost.
  return generation
else
  generation = generation + 1
end
redis.call('HSET', KEYS[1], 'loader', ARGV[1], 'lease', ARGV[2], 'generation', written(generation), 'loaded', '0')
if run[1] == 'done' then
  redis.call('HSET', KEYS[1], 'state', 'run')
end
return generation
