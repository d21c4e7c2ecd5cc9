-- Keeps all workers from a host. Keys: g. Arguments: µs.
local now = microseconds()
local arrival, pause = string.match(redis.call('GET', KEYS[1]) or '0:0', '^(%d+):(%d+)$')
pause = math.max(tonumber(pause), now + numbers(1, 1)[1])
local kept = math.max(600000, math.ceil((math.max(tonumber(arrival), pause) - now) / 1000) + 1000)
redis.call('SET', KEYS[1], arrival .. ':' .. written(pause), 'PX', written(kept))
return 1
