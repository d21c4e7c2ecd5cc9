-- Keeps all workers from a host. Keys: g. Arguments: µs.
local now, old = microseconds(), redis.call('GET', KEYS[1])
local arrival, pause, used = string.match(old or '0:0', '^(%d+):(%d+)(.*)$')
pause = math.max(tonumber(pause), now + numbers(1, 1)[1])
local kept = math.max(600000, math.ceil((math.max(tonumber(arrival), pause) - now) / 1000) + 1000)
local value = arrival .. ':' .. written(pause) .. used
if old then
  -- The slots of a window may have to be kept for longer.
  redis.call('SET', KEYS[1], value, 'KEEPTTL')
  redis.call('PEXPIRE', KEYS[1], written(kept), 'GT')
else
  redis.call('SET', KEYS[1], value, 'PX', written(kept))
end
return 1
