-- Returns reasons and hosts that workers leave alone, each with the time left in µs. Keys: hosts.
local now, left = microseconds(), {}
local found = redis.call('ZRANGE', KEYS[1], '(' .. written(now), '+inf', 'BYSCORE', 'WITHSCORES')
for at = 1, #found, 2 do
  left[at], left[at + 1] = found[at], written(found[at + 1] - now)
end
return left
