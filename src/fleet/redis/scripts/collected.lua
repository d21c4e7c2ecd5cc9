-- Removes results that are in a file. Keys: m, out, n. Arguments: for each result its name and its bytes.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('NORUN there is no such run')
end
groups(1, 2)
local sizes = numbers(2, #ARGV, 2)
for at = 1, #ARGV, 2 do
  if not string.find(ARGV[at], '^%d+-%d+$') then
    return redis.error_reply('BADARG argument ' .. at .. ' is no result')
  end
end
writes(KEYS[2], 'xack', 'xdel')
writes(KEYS[3], 'hincrby')
local count, bytes = 0, 0
for at = 1, #ARGV, 2 do
  redis.call('XACK', KEYS[2], 'c', ARGV[at])
  if redis.call('XDEL', KEYS[2], ARGV[at]) == 1 then
    count = count + 1
    bytes = bytes + sizes[(at + 1) / 2]
  end
end
if count > 0 then
  redis.call('HINCRBY', KEYS[3], 'collected', count)
end
if bytes > 0 then
  redis.call('HINCRBY', KEYS[3], 'result_bytes', '-' .. written(bytes))
end
return count
