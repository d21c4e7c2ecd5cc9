-- Makes a loader the newest one of a lane. Keys: m. Arguments: loader, lease in ms, its generation, 1 in the first lane,
-- the facts of the first lane that it knows: position, digest, 1 at the end of the input, 1 if the run is loaded;
-- position and text of the last later load, 1 if it is over; and the id of the run.
-- Returns the generation of the first lane, by which two loaders that begin at once end up in one order everywhere, or 0
-- if another loader has this generation or a higher one, or has noted or loaded more.
local run = redis.call('HMGET', KEYS[1], 'state', 'loader', 'generation', 'pos', 'sum', 'eof', 'loaded',
  'later_pos', 'later_sum', 'later_eof', 'id')
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
elseif ARGV[4] == '1' and (run[11] or '') ~= ARGV[12] then
  return redis.error_reply('OTHERRUN another run has this name')
end
groups(13, 1)
numbers(2, 5)
numbers(7, 9)
numbers(11, 11)
local newest, generation = tonumber(run[3] or '0'), tonumber(ARGV[3])
if ARGV[4] == '1' and run[2] == ARGV[1] then
  -- The reply to its first call was lost.
  return newest
elseif generation <= newest then
  return 0
end
local is_known = run[4] == ARGV[5] and run[5] == ARGV[6] and run[6] == ARGV[7] and (run[7] or '0') == ARGV[8]
  and (run[8] or '0') == ARGV[9] and (run[9] or '') == ARGV[10] and (run[10] or '0') == ARGV[11]
if ARGV[4] == '1' and not is_known then
  return 0
end
redis.call('HSET', KEYS[1], 'loader', ARGV[1], 'lease', ARGV[2], 'generation', written(generation), 'loaded', '0',
  'id', ARGV[12])
if run[1] == 'done' then
  redis.call('HSET', KEYS[1], 'state', 'run')
end
return generation
