-- The status is kstatus: Reconciling and Stalled are there only while they are True, and Ready sums everything up.
-- What is neither Ready nor Reconciling nor Stalled is at rest until a person decides or acts, such as an owner who has not
-- consented yet: Suspended.

if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "Sluice has not judged this version yet" }
end

local found = {}
for _, condition in ipairs(obj.status.conditions) do
  found[condition.type] = condition
end

local function is(type, status)
  return found[type] ~= nil and found[type].status == status
end

local function health(status, condition)
  return { status = status, message = condition.reason .. ": " .. condition.message }
end

if is("Reconciling", "True") then
  return health("Progressing", found["Reconciling"])
end
if is("Stalled", "True") then
  return health("Degraded", found["Stalled"])
end
if is("Ready", "True") then
  -- Access itself is in place, and more than was granted: what Ready says is true, and not all.
  if is("Healthy", "False") then
    return health("Healthy", found["Healthy"])
  end
  return health("Healthy", found["Ready"])
end
if is("Ready", "False") then
  return health("Suspended", found["Ready"])
end
return { status = "Progressing", message = "Sluice is asking AWS" }
