-- Takes outcomes. Keys: m, q, n, i, out. Arguments: worker, most bytes of results; then for each entry its number, its
-- class, its bytes and its record.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('NORUN there is no such run')
end
groups(3, 4)
numbers(3, #ARGV, 4)
local most, sizes = numbers(2, 2)[1], numbers(5, #ARGV, 4)
local counts = {success = 0, rejected = 0, failed = 0, given_up = 0}
for at = 4, #ARGV, 4 do
  if not counts[ARGV[at]] then
    return redis.error_reply('BADARG argument ' .. at .. ' is no class')
  end
end
if tonumber(redis.call('HGET', KEYS[3], 'result_bytes') or '0') >= most then
  return 'FULL'
end
writes(KEYS[2], 'xpending', 'xack', 'xdel')
writes(KEYS[3], 'hincrby')
writes(KEYS[4], 'hdel')
writes(KEYS[5], 'xadd')
local me, held = ARGV[1], {}
local queued_bytes, result_bytes, stale = 0, 0, 0
for at = 3, #ARGV, 4 do
  local number, class, record = ARGV[at], ARGV[at + 1], ARGV[at + 3]
  local id = number .. '-0'
  if holds(KEYS[2], me, id) then
    redis.call('XACK', KEYS[2], 'w', id)
    redis.call('XDEL', KEYS[2], id)
    redis.call('HDEL', KEYS[4], number, 'a:' .. number, 'b:' .. number)
    redis.call('XADD', KEYS[5], '*', 'r', record)
    counts[class] = counts[class] + 1
    queued_bytes = queued_bytes + sizes[#held + 1]
    result_bytes = result_bytes + #record
    held[#held + 1] = 1
  else
    stale = stale + 1
    held[#held + 1] = 0
  end
end
counts.failed = counts.failed + counts.given_up
counts.stale, counts.result_bytes = stale, result_bytes
for name, count in pairs(counts) do
  if count > 0 then
    redis.call('HINCRBY', KEYS[3], name, written(count))
  end
end
if queued_bytes > 0 then
  redis.call('HINCRBY', KEYS[3], 'queued_bytes', '-' .. written(queued_bytes))
end
return held
