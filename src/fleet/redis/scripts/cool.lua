-- Keeps all workers from a host. Keys: g. Arguments: µs.
local now, time, old = microseconds(), numbers(1, 1)[1], redis.call('GET', KEYS[1])
local arrival, pause, length, used = string.match(old or '', '^(%d+):(%d+):(%d+)(.*)$')
arrival, pause, length, used = arrival or '0', pause or '0', length or '0', used or ''
-- A pause is no longer than when it was asked for, also if the server's clock was set back meanwhile.
pause = math.min(pause, now + length)
if now + time > pause then
  pause, length = now + time, ARGV[1]
end
local kept = math.max(600000, math.ceil((math.max(arrival, pause) - now) / 1000) + 1000)
local value = arrival .. ':' .. written(pause) .. ':' .. length .. used
if old then
  -- The slots of a window may have to be kept for longer.
  redis.call('SET', KEYS[1], value, 'KEEPTTL')
  redis.call('PEXPIRE', KEYS[1], written(kept), 'GT')
else
  redis.call('SET', KEYS[1], value, 'PX', written(kept))
end
return 1
