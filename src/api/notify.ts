/** The field `notify`, by which both sides of a share say who hears of it. */
import { z } from 'zod';
import { list, matching } from './schema.ts';

/** Mail addresses of those who are to hear of shares. */
export const notify = (description: string) =>
  z
    .strictObject({
      emails: list(
        matching(
          {
            pattern:
              /^[^\s@<>(),;:"\\[\]]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$/,
            max: 254,
            message: 'must be a mail address alone, such as data@example.com',
          },
          'An address.',
        ),
        { min: 1, max: 10, type: 'set' },
        'Mail addresses. The installation may send only to some domains.',
      ),
    })
    .describe(description);
