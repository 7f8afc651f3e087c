-- No action gives consent: that is a ShareApproval, in git.

return {
  verify = { disabled = false, displayName = "Verify", iconClass = "fa fa-fw fa-search" },
  reapply = { disabled = false, displayName = "Reapply", iconClass = "fa fa-fw fa-redo" },
}
