/** Aliases of keys (KMS Developer Guide, kms-alias): names within one account and Region. */
import type * as Kms from '@aws-sdk/client-kms';
import { operation, type Access, type Call, type Operation } from '../service.ts';
import { fail } from '../wire/error.ts';
import { findKey, keyAccess } from './shared.ts';

const arnOf = (call: Call, name: string | undefined): string => `arn:aws:kms:${call.region}:${call.caller.account}:${name ?? ''}`;

const aliasAccess = (call: Call, name: string | undefined): Access => ({
  action: `kms:${call.operation}`,
  resource: arnOf(call, name),
  account: call.caller.account,
});

function checkName(name: string | undefined): void {
  if (name?.startsWith('alias/aws/'))
    throw fail('NotAuthorizedException', 'Alias names that begin with alias/aws/ are reserved.', 400);
  if (!/^alias\/[\w/-]{1,250}$/.test(name ?? '')) throw fail('InvalidAliasNameException', `Alias ${name ?? ''} is not valid.`);
}

/** Operations on aliases. */
export const aliasOperations: Record<string, Operation> = {
  CreateAlias: operation<Kms.CreateAliasRequest, undefined>({
    readOnly: false,
    access: (call, input) => aliasAccess(call, input.AliasName),
    // Permission is needed on the alias and on the key (KMS Developer Guide, alias-access).
    check: (call, input) => {
      call.authorize(aliasAccess(call, input.AliasName));
      call.authorize(keyAccess(call, findKey(call, input.TargetKeyId)));
    },
    run: (call, input) => {
      checkName(input.AliasName);
      const arn = arnOf(call, input.AliasName);
      const { aliases } = call.world.state.kms;
      if (aliases.has(arn)) throw fail('AlreadyExistsException', `An alias with the name ${arn} already exists`, 400);
      aliases.set(arn, { keyArn: findKey(call, input.TargetKeyId).arn, createdAt: call.now });
      return undefined;
    },
  }),
  DeleteAlias: operation<Kms.DeleteAliasRequest, undefined>({
    readOnly: false,
    access: (call, input) => aliasAccess(call, input.AliasName),
    run: (call, input) => {
      const arn = arnOf(call, input.AliasName);
      if (!call.world.state.kms.aliases.delete(arn)) throw fail('NotFoundException', `Alias ${arn} is not found.`);
      return undefined;
    },
  }),
  ListAliases: operation<Kms.ListAliasesRequest, Kms.ListAliasesResponse>({
    readOnly: true,
    access: (call) => ({ action: 'kms:ListAliases', resource: '*', account: call.caller.account }),
    run: (call, input) => {
      const wanted = input.KeyId === undefined ? undefined : findKey(call, input.KeyId).arn;
      const start = `arn:aws:kms:${call.region}:${call.caller.account}:alias/`;
      const all = [...call.world.state.kms.aliases].filter(
        ([arn, alias]) => arn.startsWith(start) && (wanted ?? alias.keyArn) === alias.keyArn,
      );
      all.sort(([a], [b]) => (a < b ? -1 : 1));
      const from = Number(input.Marker ?? 0);
      const end = from + (input.Limit ?? 50);
      return {
        Aliases: all.slice(from, end).map(([arn, alias]) => ({
          AliasArn: arn,
          AliasName: arn.slice(arn.indexOf('alias/')),
          TargetKeyId: alias.keyArn.slice(alias.keyArn.lastIndexOf('/') + 1),
          CreationDate: new Date(alias.createdAt),
        })),
        Truncated: end < all.length,
        ...(end < all.length ? { NextMarker: String(end) } : {}),
      };
    },
  }),
};
