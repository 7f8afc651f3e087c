/**
 * Use of keys: encrypt, decrypt, data keys. There is no cryptography: a ciphertext is an envelope that names its key and holds the plaintext
 * and its encryption context, so that what is tested is who may open it.
 */
import { createHash } from 'node:crypto';
import type * as Kms from '@aws-sdk/client-kms';
import { hex } from '../ids.ts';
import { operation, type Call, type Operation } from '../service.ts';
import { fail } from '../wire/error.ts';
import { bytesOf, textOf } from '../wire/http.ts';
import type { KmsKey } from './model.ts';
import { findKey, findKeyByArn, keyAccess } from './shared.ts';

type Context = Record<string, string> | undefined;

interface Envelope {
  readonly key: string;
  readonly context: Record<string, string>;
  readonly plaintext: string;
}

const sorted = (context: Context): Record<string, string> =>
  Object.fromEntries(Object.entries(context ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));

const seal = (key: KmsKey, plaintext: Uint8Array, context: Context): Uint8Array =>
  bytesOf(
    JSON.stringify({
      key: key.arn,
      context: sorted(context),
      plaintext: Buffer.from(plaintext).toString('base64'),
    } satisfies Envelope),
  );

function open(blob: Uint8Array | undefined): Envelope {
  try {
    return JSON.parse(textOf(blob ?? new Uint8Array())) as Envelope;
  } catch {
    throw fail('InvalidCiphertextException', 'The ciphertext is not one of this stand-in.');
  }
}

const contextKeys = (context: Context): Record<string, string | string[]> => ({
  ...Object.fromEntries(
    Object.entries(context ?? {}).map(([name, value]) => [`kms:encryptioncontext:${name.toLowerCase()}`, value]),
  ),
  ...(context ? { 'kms:encryptioncontextkeys': Object.keys(context) } : {}),
});

/** Refuses keys that can't be used (KMS Developer Guide, key-state). @throws DisabledException, KMSInvalidStateException */
export function usable(key: KmsKey): KmsKey {
  if (key.state === 'Disabled') throw fail('DisabledException', `${key.arn} is disabled.`);
  if (key.state === 'PendingDeletion') throw fail('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  return key;
}

const sealedKey = (call: Call, blob: Uint8Array | undefined): KmsKey => {
  const key = findKeyByArn(call, open(blob).key);
  if (!key || key.region !== call.region)
    throw fail('NotFoundException', 'The key that encrypted the ciphertext does not exist.');
  return key;
};

function opened(input: { CiphertextBlob?: Uint8Array | undefined; context: Context }): Buffer {
  const envelope = open(input.CiphertextBlob);
  if (JSON.stringify(envelope.context) !== JSON.stringify(sorted(input.context))) {
    throw fail('InvalidCiphertextException', 'The encryption context does not match that of the ciphertext.');
  }
  return Buffer.from(envelope.plaintext, 'base64');
}

// The same key in the same run always gives other bytes, but the same seed gives the same run.
const dataKey = (call: Call, bytes: number): Uint8Array =>
  new Uint8Array(createHash('sha512').update(hex(call.world.state, 32)).digest().subarray(0, bytes));

type DataKeyInput = Kms.GenerateDataKeyRequest;

const generate = (plain: boolean): Operation =>
  operation<DataKeyInput, Kms.GenerateDataKeyResponse>({
    readOnly: true,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId), call.operation, contextKeys(input.EncryptionContext)),
    run: (call, input) => {
      const key = usable(findKey(call, input.KeyId));
      const secret = dataKey(call, input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32));
      return {
        KeyId: key.arn,
        CiphertextBlob: seal(key, secret, input.EncryptionContext),
        ...(plain ? { Plaintext: secret } : {}),
      };
    },
  });

/** Operations that use keys. */
export const cryptoOperations: Record<string, Operation> = {
  Encrypt: operation<Kms.EncryptRequest, Kms.EncryptResponse>({
    readOnly: true,
    access: (call, input) => keyAccess(call, findKey(call, input.KeyId), 'Encrypt', contextKeys(input.EncryptionContext)),
    run: (call, input) => {
      const key = usable(findKey(call, input.KeyId));
      const CiphertextBlob = seal(key, input.Plaintext ?? new Uint8Array(), input.EncryptionContext);
      return { KeyId: key.arn, CiphertextBlob, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
    },
  }),
  Decrypt: operation<Kms.DecryptRequest, Kms.DecryptResponse>({
    readOnly: true,
    access: (call, input) =>
      keyAccess(call, sealedKey(call, input.CiphertextBlob), 'Decrypt', contextKeys(input.EncryptionContext)),
    run: (call, input) => {
      const key = usable(sealedKey(call, input.CiphertextBlob));
      if (input.KeyId !== undefined && findKey(call, input.KeyId) !== key) {
        throw fail('IncorrectKeyException', 'The key ID in the request does not identify a CMK that can perform this operation.');
      }
      const Plaintext = opened({ CiphertextBlob: input.CiphertextBlob, context: input.EncryptionContext });
      return { KeyId: key.arn, Plaintext, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
    },
  }),
  ReEncrypt: operation<Kms.ReEncryptRequest, Kms.ReEncryptResponse>({
    readOnly: true,
    access: (call, input) => keyAccess(call, findKey(call, input.DestinationKeyId), 'ReEncryptTo'),
    check: (call, input) => {
      call.authorize(
        keyAccess(call, sealedKey(call, input.CiphertextBlob), 'ReEncryptFrom', contextKeys(input.SourceEncryptionContext)),
      );
      call.authorize(
        keyAccess(call, findKey(call, input.DestinationKeyId), 'ReEncryptTo', contextKeys(input.DestinationEncryptionContext)),
      );
    },
    run: (call, input) => {
      const from = usable(sealedKey(call, input.CiphertextBlob));
      const to = usable(findKey(call, input.DestinationKeyId));
      const plaintext = opened({ CiphertextBlob: input.CiphertextBlob, context: input.SourceEncryptionContext });
      return { SourceKeyId: from.arn, KeyId: to.arn, CiphertextBlob: seal(to, plaintext, input.DestinationEncryptionContext) };
    },
  }),
  GenerateDataKey: generate(true),
  GenerateDataKeyWithoutPlaintext: generate(false),
};
