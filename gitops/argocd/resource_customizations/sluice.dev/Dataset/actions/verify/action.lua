-- Asks Sluice to compare with AWS now: the annotation's value is the time of asking, and the status repeats it when that is
-- done.

local os = require("os")

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["sluice.dev/verify-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
