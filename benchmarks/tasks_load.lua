-- What 200 clients of the tasks API do: seven lists, two single tasks and one new task of ten requests.
local threads = 0
local number = 0
local statuses = { "todo", "in_progress", "done" }

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function request()
  number = number + 1
  local turn = number % 10
  if turn == 0 then
    local title = string.format("Load %s-%d-%d", os.getenv("LOAD_RUN"), id, number)
    local body = string.format('{"title": "%s", "priority": "low"}', title)
    return wrk.format("POST", "/tasks", { ["Content-Type"] = "application/json" }, body)
  elseif turn < 3 then
    return wrk.format("GET", "/tasks/" .. (1 + number % 900))
  elseif turn < 6 then
    return wrk.format("GET", "/tasks?status=" .. statuses[1 + number % 3])
  end
  return wrk.format("GET", "/tasks?skip=" .. (number % 900))
end
