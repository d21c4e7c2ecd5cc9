-- Hands entries to a worker. Keys: m, q, later, wk, i. Arguments: worker, most entries.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return redis.error_reply('NORUN there is no such run')
end
local me, most = ARGV[1], numbers(2, 2)[1]
if not redis.call('ZSCORE', KEYS[4], me) then
  return {state, 0, {}, {}}
elseif state == 'pause' or state == 'cancel' or most == 0 then
  return {state, 1, {}, {}}
end
local parked, fresh = {}, {}
local due = redis.call('ZRANGE', KEYS[3], '-inf', written(milliseconds()), 'BYSCORE', 'LIMIT', 0, most)
for _, name in ipairs(due) do
  local number, attempts, deliveries = string.match(name, '^0*(%d+):(%d+):(%d+)$')
  redis.call('ZREM', KEYS[3], name)
  local entry = redis.call('XCLAIM', KEYS[2], 'w', me, 0, number .. '-0', 'RETRYCOUNT', deliveries, 'FORCE')[1]
  if entry then
    if attempts ~= '0' then
      redis.call('HSET', KEYS[5], 'a:' .. number, attempts)
    end
    parked[#parked + 1] = noted(entry, deliveries, KEYS[5])
  end
end
if #parked < most then
  local read = redis.call('XREADGROUP', 'GROUP', 'w', me, 'COUNT', most - #parked, 'STREAMS', KEYS[2], '>')
  if read then
    fresh = read[1][2]
  end
end
return {state, 1, parked, fresh}
