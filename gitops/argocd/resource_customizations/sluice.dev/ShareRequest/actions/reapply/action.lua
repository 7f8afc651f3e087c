-- Asks Sluice to write again what is missing in AWS of what is consented to: the annotation's value is the time of asking, and
-- the status repeats it when that is done.

local os = require("os")

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["sluice.dev/reapply-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
