-- An approval has one condition, Effective. One that waits for its request, or whose time is over, is at rest: Suspended.
-- One that decides about something else than was reviewed needs its owner.

if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Sluice has not judged this version yet" }
end

local atRest = { RequestNotFound = true, Expired = true }

for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Effective" then
    local status = "Degraded"
    if condition.status == "True" then
      status = "Healthy"
    elseif atRest[condition.reason] then
      status = "Suspended"
    end
    return { status = status, message = condition.reason .. ": " .. condition.message }
  end
end
return { status = "Progressing", message = "Sluice has not judged this version yet" }
