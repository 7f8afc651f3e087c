/** What can be set about the stand-in: delays and quotas that AWS does not promise, or that accounts may have raised. */

/** Settings of a stand-in. Times are milliseconds on its clock. */
export interface Settings {
  /**
   * How long after its creation a role or user is unknown to policies that name it (IAM User Guide,
   * troubleshoot#troubleshoot_general_eventual-consistency).
   */
  readonly principalVisibilityMs: number;
  /** How long readers of a bucket's configuration, a key policy or an IAM policy still see the document before the last put. */
  readonly staleReadMs: number;
  /** How long a created access point is not visible yet (S3 User Guide, creating-access-points). */
  readonly accessPointVisibilityMs: number;
  /** Managed policies per role or user (IAM User Guide, reference_iam-quotas). Shown by GetAccountSummary. */
  readonly attachedPoliciesPerPrincipal: number;
  /** How many calls the log keeps; older ones are dropped, counts go on. */
  readonly callLogLimit: number;
}

/** The defaults: no delays (unit tests), AWS's default quotas. */
export const defaultSettings: Settings = {
  principalVisibilityMs: 0,
  staleReadMs: 0,
  accessPointVisibilityMs: 0,
  attachedPoliciesPerPrincipal: 10,
  callLogLimit: 200_000,
};
