-- Stands before each script.

-- Returns the server's time in microseconds since 1970.
local function microseconds()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- Returns the server's time in milliseconds since 1970.
local function milliseconds()
  return math.floor(microseconds() / 1000)
end

-- Returns a number as a command takes it: without an exponent.
local function written(number)
  return string.format('%.0f', number)
end

-- Returns the arguments at these places as numbers. Ends the script if one is no number of 1 to 15 digits, since a
-- script that fails after its first write leaves half a step.
local function numbers(first, last, step)
  local found = {}
  for at = first, last, step or 1 do
    local argument = ARGV[at]
    if not argument or #argument > 15 or not string.find(argument, '^%d+$') then
      error({err = 'BADARG argument ' .. at .. ' is no number'})
    end
    found[#found + 1] = tonumber(argument)
  end
  return found
end

-- Ends the script if the arguments from the second one on are not groups of this size.
local function groups(first, size)
  if #ARGV < first - 1 or (#ARGV - first + 1) % size ~= 0 then
    error({err = 'BADARG ' .. #ARGV .. ' arguments'})
  end
end

-- Returns the names of workers that began an entry again, as lines of the text that is kept for it.
local function names_of(lines)
  local names = {}
  for name in string.gmatch(lines or '', '[^\n]+') do
    names[#names + 1] = name
  end
  return names
end

-- Returns fields for an entry that is handed out: a list of its id and fields, as the server returns it, and its notes.
-- Intents: key of the hash with the notes.
local function noted(entry, deliveries, intents)
  local number = string.match(entry[1], '^%d+')
  local notes = redis.call('HMGET', intents, 'a:' .. number, number, 'b:' .. number)
  return {entry[1], entry[2], deliveries, notes[1] or '0', notes[2] or '', #names_of(notes[3])}
end

-- Returns true if a worker holds an entry.
local function holds(queue, worker, id)
  return redis.call('XPENDING', queue, 'w', id, id, 1, worker)[1] ~= nil
end

-- Ends the script if the user may not run one of these commands on a key: in the midst of a step that would leave half of
-- it, as an entry that is in no list any more.
local function writes(key, ...)
  for _, name in ipairs({...}) do
    if not redis.acl_check_cmd(name, key) then
      error({err = "NOPERM the user executing the script may not run the '" .. name .. "' command"})
    end
  end
end
