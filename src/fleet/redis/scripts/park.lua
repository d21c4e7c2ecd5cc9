-- Parks entries. Keys: m, q, later, aside, i, wk, up. Arguments: worker, number of the call, then for each entry its
-- number, the delay in ms, its attempts, its deliveries, 1 if this worker began it again, 1 if it is put aside.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('NORUN there is no such run')
end
groups(3, 6)
local call, delays = numbers(2, #ARGV)[1], numbers(4, #ARGV, 6)
writes(KEYS[2], 'xpending', 'xack')
writes(KEYS[3], 'zadd')
writes(KEYS[5], 'hmget', 'hset', 'hdel')
writes(KEYS[6], 'zscore')
writes(KEYS[7], 'hget', 'hset')
local me, now, held = ARGV[1], milliseconds(), {}
-- A call that comes after a later one does nothing: the worker may hold its entries anew.
local last = redis.call('HGET', KEYS[7], 'p:' .. me)
local is_late = last and call <= tonumber(last)
if not is_late and redis.call('ZSCORE', KEYS[6], me) then
  redis.call('HSET', KEYS[7], 'p:' .. me, written(call))
end
for at = 3, #ARGV, 6 do
  local number, delay = ARGV[at], delays[#held + 1]
  local id = number .. '-0'
  if not is_late and holds(KEYS[2], me, id) then
    redis.call('XACK', KEYS[2], 'w', id)
    -- Entries of one time are taken up by their numbers, which therefore are all of one length.
    local name = string.rep('0', 15 - #number) .. number .. ':' .. ARGV[at + 2] .. ':' .. ARGV[at + 3]
    redis.call('ZADD', ARGV[at + 5] == '1' and KEYS[4] or KEYS[3], written(now + delay), name)
    local notes = redis.call('HMGET', KEYS[5], number, 'b:' .. number)
    -- The intent of a worker that died stays.
    if notes[1] == me then
      redis.call('HDEL', KEYS[5], number)
    end
    if notes[2] and ARGV[at + 4] == '1' then
      local others = ''
      for _, name in ipairs(names_of(notes[2])) do
        others = name == me and others or others .. name .. '\n'
      end
      redis.call('HSET', KEYS[5], 'b:' .. number, others)
      if others == '' then
        redis.call('HDEL', KEYS[5], 'b:' .. number)
      end
    end
    redis.call('HDEL', KEYS[5], 'a:' .. number)
    held[#held + 1] = 1
  else
    held[#held + 1] = 0
  end
end
return held
