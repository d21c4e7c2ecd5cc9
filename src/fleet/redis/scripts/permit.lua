-- Grants slots of a rate. Keys: g, and cb for the rate of a host. Arguments, times in µs: interval, tolerance, count of
-- slots, longest wait, then for each longer window its length and its most slots. Returns {0, wait}, {0, wait, count} if
-- a window has no room for all, {-1, time to ask again}, {-2, rest of the host}, or {1}: the request that probes the host.
-- g: "arrival:pause:length|length=part:count,part:count..|..", the time at which the rate is used up to, the time until
-- which the host is left alone, the length of that pause, and the slots in each window. Two times, since a burst may come
-- before the arrival time, and nothing comes in a pause. A window has 64 parts: slots of one part leave together, the window's length after the part's end.
-- cb: "open:until:rest" while the host rests, "probe:until:rest" while a request probes it.
groups(5, 2)
local call, now = numbers(1, #ARGV), microseconds()
local interval, tolerance, count, longest = call[1], call[2], call[3], call[4]
local before = redis.call('GET', KEYS[1]) or ''
local arrival, pause, length, used = string.match(before, '^(%d+):(%d+):(%d+)(.*)$')
-- Times further ahead than calls set them are from before the server's clock was set back. Other workers' calls may be for
-- some slots and some time more than this one.
local latest = now + longest + (count + 8) * interval + 1000000
if arrival then
  arrival, pause = math.min(arrival, latest + tolerance), math.min(pause, now + length)
  for at = 5, #ARGV, 2 do
    local last = math.floor(latest / math.ceil(call[at] / 64))
    used = string.gsub(used, '|' .. ARGV[at] .. '=[%d:,]+', function(window)
      return (string.gsub(window, '(%d+):', function(number) return written(math.min(number, last)) .. ':' end))
    end)
  end
  local after = written(arrival) .. ':' .. written(pause) .. ':' .. length .. used
  if after ~= before then
    redis.call('SET', KEYS[1], after, 'KEEPTTL')
  end
else
  arrival, pause, length, used = 0, 0, 0, ''
end
local rest
if KEYS[2] then
  local state, till, whole = string.match(redis.call('GET', KEYS[2]) or '', '^(%a+):(%d+):(%d+)$')
  if till and tonumber(till) > now + whole then
    till = now + whole
    redis.call('SET', KEYS[2], state .. ':' .. written(till) .. ':' .. whole, 'KEEPTTL')
  end
  if till and tonumber(till) > now then
    return {-2, till - now}
  elseif till then
    rest, count, longest = tonumber(whole), 1, 0
  end
end
local first, windows = math.max(now, pause, arrival - tolerance), {}
for at = 5, #ARGV, 2 do
  local window = {name = ARGV[at], length = call[at], most = math.max(call[at + 1], 1), parts = {}}
  window.part = math.ceil(window.length / 64)
  local left = 0
  for number, slots in string.gmatch(string.match(used, '|' .. window.name .. '=([%d:,]*)') or '', '(%d+):(%d+)') do
    local leaves = (number + 1) * window.part + window.length
    if leaves > now then
      window.parts[#window.parts + 1] = {number = tonumber(number), slots = tonumber(slots), leaves = leaves}
      left = left + slots
    end
  end
  for _, part in ipairs(window.parts) do
    if left < window.most then
      break
    end
    left, first = left - part.slots, math.max(first, part.leaves)
  end
  windows[#windows + 1] = window
end
if first - now > longest then
  return {-1, first - now - longest}
end
local asked = count
for _, window in ipairs(windows) do
  local room = window.most
  for _, part in ipairs(window.parts) do
    room = room - (part.leaves > first and part.slots or 0)
  end
  count = math.min(count, room)
end
if interval > 0 then
  local last = first + (count - 1) * interval
  arrival = math.max(first, arrival) + count * interval
  local value, kept = written(arrival) .. ':' .. written(pause) .. ':' .. length, math.max(arrival, pause) - now
  for _, window in ipairs(windows) do
    local parts, newest = {}, window.parts[#window.parts]
    -- A slot of a burst may lie before those of an earlier call.
    local number = math.max(math.floor(last / window.part), newest and newest.number or 0)
    if newest and newest.number == number then
      newest.slots = newest.slots + count
    else
      window.parts[#window.parts + 1] = {number = number, slots = count}
    end
    for at, part in ipairs(window.parts) do
      parts[at] = written(part.number) .. ':' .. written(part.slots)
    end
    value = value .. '|' .. window.name .. '=' .. table.concat(parts, ',')
    kept = math.max(kept, (number + 1) * window.part + window.length - now)
  end
  redis.call('SET', KEYS[1], value, 'PX', written(math.max(600000, math.ceil(kept / 1000) + 1000)))
end
if rest then
  -- A worker that dies with its probe does not keep the host closed: another one is let through after the same rest.
  redis.call('SET', KEYS[2], 'probe:' .. written(now + rest) .. ':' .. written(rest), 'PX', 600000)
  return {1}
end
return count < asked and {0, first - now, count} or {0, first - now}
