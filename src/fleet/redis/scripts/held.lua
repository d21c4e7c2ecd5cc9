-- Returns entries of a worker, as far as it is their holder. Keys: m, q, i. Arguments: worker, numbers.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('NORUN there is no such run')
end
numbers(2, #ARGV)
local found = {}
for at = 2, #ARGV do
  local number = ARGV[at]
  local id = number .. '-0'
  local pending = redis.call('XPENDING', KEYS[2], 'w', id, id, 1, ARGV[1])[1]
  local entry = redis.call('XRANGE', KEYS[2], id, id)[1]
  if pending and entry then
    found[#found + 1] = noted(entry, pending[4], KEYS[3])
  end
end
return found
