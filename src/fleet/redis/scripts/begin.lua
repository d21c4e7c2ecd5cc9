-- Notes that entries are about to be sent. Keys: m, q, i. Arguments: worker, then for each entry its number, 1 if it must
-- not be repeated, 1 if it was delivered before.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('NORUN there is no such run')
end
groups(2, 3)
numbers(2, #ARGV)
local me, held = ARGV[1], {}
for at = 2, #ARGV, 3 do
  local number = ARGV[at]
  local is_held = holds(KEYS[2], me, number .. '-0')
  if is_held and ARGV[at + 1] == '1' then
    redis.call('HSET', KEYS[3], number, me)
  end
  if is_held and ARGV[at + 2] == '1' then
    -- A worker counts once, however often it says so: its first reply may have been lost.
    local lines = redis.call('HGET', KEYS[3], 'b:' .. number) or ''
    local is_known = false
    for _, name in ipairs(names_of(lines)) do
      is_known = is_known or name == me
    end
    if not is_known then
      redis.call('HSET', KEYS[3], 'b:' .. number, lines .. me .. '\n')
    end
  end
  held[#held + 1] = is_held and 1 or 0
end
return held
