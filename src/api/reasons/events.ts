/** Reasons of Events that are no condition's: what has happened, for the reference. Phases and conditions' own reasons are told as Events too. */

/** What happened, by the Event's reason. */
export const eventReasons = {
  ConcurrentForeignChange:
    'Somebody else wrote a document in the moment in which Sluice did. AWS has no compare-and-set: look whether their change is still there.',
  ExpiringSoon: 'Access ends in 30, 14, 7, 3 or 1 days. Ask for a later end, and have it approved, to keep it.',
  NotificationFailed: 'A mail or webhook could not be delivered; the note says why.',
  OrphanRemoved: 'Something of Sluice that no object explained was removed, as the Environment asks for.',
  Repaired: 'What was missing in AWS was written again.',
} as const;
