-- Notes how far an input is loaded. Keys: m of lane 0. Arguments: loader, position, digest, 1 at the end of the input,
-- beginning of the names of the fields: empty, or that of later loads.
-- Returns 0 if a newer loader is at work. A note that does not go beyond the last one of the same loader comes late, and
-- changes nothing.
local of = ARGV[5]
local run = redis.call('HMGET', KEYS[1], 'state', 'loader', of .. 'noter', of .. 'pos', of .. 'eof')
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
elseif run[2] ~= ARGV[1] then
  return 0
end
local position = numbers(2, 2)[1]
local is_first, before = run[3] ~= ARGV[1], tonumber(run[4] or '0')
if is_first or position > before or position == before and ARGV[4] >= run[5] then
  redis.call('HSET', KEYS[1], of .. 'pos', ARGV[2], of .. 'sum', ARGV[3], of .. 'eof', ARGV[4], of .. 'noter', ARGV[1])
end
return 1
