-- wrk's script: the same query from a few hundred users in turn, every request built before the clock starts.
-- Arguments: the file of the body, the path, the number of users.

local requests = {}
local at = 0

function init(args)
   local file = assert(io.open(args[1], "rb"))
   local body = file:read("*a")
   file:close()
   for user = 1, tonumber(args[3]) do
      local headers = { ["Content-Type"] = "application/json", ["x-user-id"] = "user-" .. user }
      requests[user] = wrk.format("POST", args[2], headers, body)
   end
end

function request()
   at = at % #requests + 1
   return requests[at]
end

function done(summary, latency, _)
   local e = summary.errors
   io.write(string.format(
      "\nRESULT %d %d %d %d %d\n",
      summary.requests,
      e.connect + e.read + e.write + e.status + e.timeout,
      summary.duration,
      latency:percentile(50),
      latency:percentile(99)
   ))
end
