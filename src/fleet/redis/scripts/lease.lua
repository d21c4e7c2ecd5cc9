-- Hands entries to a worker. Keys: m, q, later, aside, wk, i. Arguments: worker, most entries, most of those that were
-- put aside and are not due.
local run = redis.call('HMGET', KEYS[1], 'state', 'clock')
local state = run[1]
if not state then
  return redis.error_reply('NORUN there is no such run')
end
local me, counts = ARGV[1], numbers(2, 3)
local most, early = counts[1], counts[2]
if not redis.call('ZSCORE', KEYS[5], me) then
  return {state, 0, {}, {}}
end
writes(KEYS[1], 'hset')
writes(KEYS[2], 'xclaim', 'xreadgroup')
writes(KEYS[3], 'zrange', 'zrem', 'zadd')
writes(KEYS[6], 'hmget', 'hset')
-- The lane notes the time once in a second. When the server's clock was set back, parked entries are due that much earlier.
local time = milliseconds()
local passed = time - tonumber(run[2] or '0')
if passed <= -1000 then
  for key = 3, 4 do
    local entries = redis.call('ZRANGE', KEYS[key], 0, -1, 'WITHSCORES')
    for at = 1, #entries, 2 do
      redis.call('ZADD', KEYS[key], written(entries[at + 1] + passed), entries[at])
    end
  end
end
if math.abs(passed) >= 1000 then
  redis.call('HSET', KEYS[1], 'clock', written(time))
end
if state == 'pause' or state == 'cancel' or most == 0 then
  return {state, 1, {}, {}}
end
local parked, fresh = {}, {}
local function take_up(key, names)
  for _, name in ipairs(names) do
    local number, attempts, deliveries = string.match(name, '^0*(%d+):(%d+):(%d+)$')
    redis.call('ZREM', key, name)
    local entry = redis.call('XCLAIM', KEYS[2], 'w', me, 0, number .. '-0', 'RETRYCOUNT', deliveries, 'FORCE')[1]
    if entry then
      if attempts ~= '0' then
        redis.call('HSET', KEYS[6], 'a:' .. number, attempts)
      end
      parked[#parked + 1] = noted(entry, deliveries, KEYS[6])
    end
  end
end
local now = written(time)
for key = 3, 4 do
  take_up(KEYS[key], redis.call('ZRANGE', KEYS[key], '-inf', now, 'BYSCORE', 'LIMIT', 0, most - #parked))
end
early = math.min(early, most - #parked)
if early > 0 then
  take_up(KEYS[4], redis.call('ZRANGE', KEYS[4], 0, early - 1))
end
if #parked < most then
  local read = redis.call('XREADGROUP', 'GROUP', 'w', me, 'COUNT', most - #parked, 'STREAMS', KEYS[2], '>')
  if read then
    fresh = read[1][2]
  end
end
return {state, 1, parked, fresh}
