-- Ends the rest of a host, or doubles it. Keys: cb. Arguments: 1 if the request that probed the host succeeded. Returns
-- the length of the rest in µs, 0 if it ended, or -1 if no request probed the host.
local state, rest = string.match(redis.call('GET', KEYS[1]) or '', '^(%a+):%d+:(%d+)$')
if state ~= 'probe' then
  return -1
elseif ARGV[1] == '1' then
  redis.call('DEL', KEYS[1])
  return 0
end
rest = math.min(rest * 2, 300000000)
redis.call('SET', KEYS[1], 'open:' .. written(microseconds() + rest) .. ':' .. written(rest), 'PX', 600000)
return rest
