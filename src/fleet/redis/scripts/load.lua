-- Appends entries to the queue. Keys: m, q, n. Arguments: loader, number of the last entry, most entries, most bytes,
-- bytes of these entries; then for each entry its number, the count of its fields with their names, and these.
local run = redis.call('HMGET', KEYS[1], 'state', 'loader')
if not run[1] then
  return redis.error_reply('NORUN there is no such run')
elseif run[1] == 'cancel' then
  return {'CANCELLED'}
elseif run[2] ~= ARGV[1] then
  return {'OTHER'}
end
local bounds = numbers(2, 5)
local entries, at = {}, 6
while at <= #ARGV do
  local entry = numbers(at, at + 1)
  if entry[2] < 2 or entry[2] % 2 == 1 or at + 1 + entry[2] > #ARGV then
    return redis.error_reply('BADARG argument ' .. at .. ' begins no entry')
  end
  entries[#entries + 1] = {id = ARGV[at] .. '-0', number = entry[1], first = at + 2, last = at + 1 + entry[2]}
  at = at + 2 + entry[2]
end
local last, length
local stream = redis.call('XINFO', 'STREAM', KEYS[2])
for place = 1, #stream, 2 do
  if stream[place] == 'last-generated-id' then
    last = string.match(stream[place + 1], '^%d+')
  elseif stream[place] == 'length' then
    length = stream[place + 1]
  end
end
if last ~= ARGV[2] then
  return {'CONFLICT', last}
end
local before = bounds[1]
for _, entry in ipairs(entries) do
  if entry.number <= before then
    return redis.error_reply('BADARG entries out of order')
  end
  before = entry.number
end
if length > 0 then
  local bytes = tonumber(redis.call('HGET', KEYS[3], 'queued_bytes') or '0')
  if length + #entries > bounds[2] or bytes + bounds[4] > bounds[3] then
    return {'FULL'}
  end
end
writes(KEYS[2], 'xadd')
writes(KEYS[3], 'hincrby')
for _, entry in ipairs(entries) do
  redis.call('XADD', KEYS[2], entry.id, unpack(ARGV, entry.first, entry.last))
end
if bounds[4] > 0 then
  redis.call('HINCRBY', KEYS[3], 'queued_bytes', ARGV[5])
end
return {'OK'}
