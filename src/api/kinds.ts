/** All kinds, in the order in which people meet them. */
import { consumptionRole } from './consumption-role.ts';
import { dataset } from './dataset.ts';
import { environment } from './environment.ts';
import { receivedShare } from './received-share.ts';
import { shareApproval } from './share-approval.ts';
import { shareItem } from './share-item.ts';
import { shareRequest } from './share-request.ts';

/** All kinds of custom resources. */
export const kinds = [environment, consumptionRole, dataset, shareRequest, receivedShare, shareApproval, shareItem] as const;
