-- Takes entries from workers that are silent. Keys: m, q, wk, up, reap, n, i. Arguments: worker, most entries.
local run = redis.call('HMGET', KEYS[1], 'state', 'lease')
local state = run[1]
if not state then
  return redis.error_reply('NORUN there is no such run')
end
local me, most, lease, now = ARGV[1], numbers(2, 2)[1], tonumber(run[2]), milliseconds()
local last, start = redis.call('ZSCORE', KEYS[3], me), redis.call('HGET', KEYS[4], me)
if not last then
  return {state, 0, {}, {}}
end
-- A worker whose own beats were held up cannot tell that another is silent: the server may have been away from both.
local gap = now - last
local is_unbroken = start and now - start >= lease and gap >= 0 and gap * 3 <= lease * 2
if state == 'pause' or state == 'cancel' or not is_unbroken then
  return {state, 1, {}, {}}
end
local till, reaper = string.match(redis.call('GET', KEYS[5]) or '', '^(%d+):(.*)$')
-- A time further ahead than a lease is from before the server's clock was set back.
if till and reaper ~= me and tonumber(till) > now and tonumber(till) <= now + lease then
  return {state, 1, {}, {}}
end
redis.call('SET', KEYS[5], written(now + lease) .. ':' .. me, 'PX', written(lease))

local function is_silent(worker)
  local beat = redis.call('ZSCORE', KEYS[3], worker)
  return worker ~= me and (not beat or now - beat > lease)
end
local function declare_dead(worker)
  redis.call('ZREM', KEYS[3], worker)
  redis.call('HDEL', KEYS[4], worker)
end
-- Forgets a worker that holds nothing. Until then, the number of its last call that parked keeps late ones off.
local function forget(worker)
  declare_dead(worker)
  redis.call('HDEL', KEYS[4], 'p:' .. worker)
end
local taken, is_consumer = {}, {}
local function take(worker)
  local pending = redis.call('XPENDING', KEYS[2], 'w', 'IDLE', written(lease + 1), '-', '+', most - #taken, worker)
  local command, deliveries = {'XCLAIM', KEYS[2], 'w', me, 0}, {}
  for _, entry in ipairs(pending) do
    command[#command + 1] = entry[1]
    deliveries[entry[1]] = entry[4] + 1
  end
  if #pending == 0 then
    return
  end
  for _, entry in ipairs(redis.call(unpack(command))) do
    taken[#taken + 1] = noted(entry, deliveries[entry[1]], KEYS[7])
  end
  declare_dead(worker)
end
local consumers = {}
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[2], 'w')) do
  local about = {}
  for at = 1, #consumer, 2 do
    about[consumer[at]] = consumer[at + 1]
  end
  consumers[#consumers + 1] = about
  is_consumer[about.name] = true
end
table.sort(consumers, function(a, b) return a.name < b.name end)
for _, consumer in ipairs(consumers) do
  if is_silent(consumer.name) then
    if consumer.pending > 0 and #taken < most then
      take(consumer.name)
    end
    -- To delete a consumer that holds entries would lose them.
    if not redis.call('XPENDING', KEYS[2], 'w', '-', '+', 1, consumer.name)[1] then
      redis.call('XGROUP', 'DELCONSUMER', KEYS[2], 'w', consumer.name)
      forget(consumer.name)
    end
  end
end
for _, worker in ipairs(redis.call('ZRANGE', KEYS[3], '-inf', '(' .. written(now - lease), 'BYSCORE')) do
  if not is_consumer[worker] and worker ~= me then
    forget(worker)
  end
end
if #taken > 0 then
  redis.call('HINCRBY', KEYS[6], 'reclaimed', #taken)
end
return {state, 1, taken, {}}
