-- Returns the figures of a lane, or LOST if it has no queue or no results any more. Keys: m, q, out, later, aside, n, wk.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return redis.error_reply('NORUN there is no such run')
elseif redis.call('EXISTS', KEYS[2], KEYS[3]) < 2 then
  return 'LOST'
end
local about, stream = {}, redis.call('XINFO', 'STREAM', KEYS[2])
for at = 1, #stream, 2 do
  about[stream[at]] = stream[at + 1]
end
return {
  state, string.match(about['last-generated-id'], '^%d+'), about['entries-added'], about.length,
  redis.call('XPENDING', KEYS[2], 'w')[1], redis.call('ZCARD', KEYS[4]) + redis.call('ZCARD', KEYS[5]),
  redis.call('XLEN', KEYS[3]), redis.call('HGETALL', KEYS[6]), redis.call('ZRANGE', KEYS[7], 0, -1, 'WITHSCORES'),
  written(milliseconds()),
}
