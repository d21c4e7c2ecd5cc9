-- Takes a worker off the members. Keys: m, wk, up, q. Arguments: worker.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('NORUN there is no such run')
end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
-- To delete a consumer that holds entries would lose them.
if not redis.call('XPENDING', KEYS[4], 'w', '-', '+', 1, ARGV[1])[1] then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[4], 'w', ARGV[1])
  redis.call('HDEL', KEYS[3], 'p:' .. ARGV[1])
end
return 1
