-- Grants slots of a rate. Keys: g, and cb for the rate of a host. Arguments, times in µs: interval, tolerance, count of
-- slots, longest wait. Returns {0, wait}, {-1, time to ask again}, {-2, rest of the host}, or {1}: the request that
-- probes the host.
-- g: "arrival:pause", the time at which the rate is used up to, and the time until which the host is left alone. Two
-- values, since a burst may come before the arrival time, and nothing comes in a pause.
-- cb: "open:until:rest" while the host rests, "probe:until:rest" while a request probes it.
local call, now = numbers(1, 4), microseconds()
local interval, tolerance, count, longest = call[1], call[2], call[3], call[4]
local arrival, pause = string.match(redis.call('GET', KEYS[1]) or '0:0', '^(%d+):(%d+)$')
local rest
if KEYS[2] then
  local till, length = string.match(redis.call('GET', KEYS[2]) or '', '^%a+:(%d+):(%d+)$')
  if till and tonumber(till) > now then
    return {-2, till - now}
  elseif till then
    rest, count, longest = tonumber(length), 1, 0
  end
end
arrival, pause = tonumber(arrival), tonumber(pause)
local first = math.max(now, pause, arrival - tolerance)
if first - now > longest then
  return {-1, first - now - longest}
end
if interval > 0 then
  arrival = math.max(first, arrival) + count * interval
  local kept = math.max(600000, math.ceil((math.max(arrival, pause) - now) / 1000) + 1000)
  redis.call('SET', KEYS[1], written(arrival) .. ':' .. written(pause), 'PX', written(kept))
end
if rest then
  -- A worker that dies with its probe does not keep the host closed: another one is let through after the same rest.
  redis.call('SET', KEYS[2], 'probe:' .. written(now + rest) .. ':' .. written(rest), 'PX', 600000)
  return {1}
end
return {0, first - now}
