-- Items are only verified: writing again is asked for of the ShareRequest or the Dataset. No action gives consent: that is a
-- ShareApproval, in git.

return {
  verify = { disabled = false, displayName = "Verify", iconClass = "fa fa-fw fa-search" },
}
