/** Checksums of objects (S3 User Guide, checking-object-integrity): those that are sent are compared, those that clients ask for are shown. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { s3Error } from './shared.ts';

const crcTable = (polynomial: number): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value >>> 0;
  });

const CRC32C = crcTable(0x82f63b78);

function crc32c(body: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of body) crc = (CRC32C[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// CRC-64/NVME, reflected: polynomial 0xAD93D23594C93659.
const CRC64: readonly bigint[] = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
  return value;
});

function crc64nvme(body: Uint8Array): bigint {
  let crc = 0xffffffffffffffffn;
  for (const byte of body) crc = (CRC64[Number((crc ^ BigInt(byte)) & 0xffn)] ?? 0n) ^ (crc >> 8n);
  return crc ^ 0xffffffffffffffffn;
}

function word(value: number): string {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer.toString('base64');
}

function longWord(value: bigint): string {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(value);
  return buffer.toString('base64');
}

const digest = (name: string) => (body: Uint8Array) => createHash(name).update(body).digest('base64');

/** Computed by header name; the xxHash family is not known here and is stored as sent. */
const ALGORITHMS: Readonly<Record<string, (body: Uint8Array) => string>> = {
  'x-amz-checksum-crc32': (body) => word(crc32(body)),
  'x-amz-checksum-crc32c': (body) => word(crc32c(body)),
  'x-amz-checksum-crc64nvme': (body) => longWord(crc64nvme(body)),
  'x-amz-checksum-sha1': digest('sha1'),
  'x-amz-checksum-sha256': digest('sha256'),
};

/** Members of S3's inputs and outputs by header name. */
const MEMBERS: Readonly<Record<string, string>> = {
  'x-amz-checksum-crc32': 'ChecksumCRC32',
  'x-amz-checksum-crc32c': 'ChecksumCRC32C',
  'x-amz-checksum-crc64nvme': 'ChecksumCRC64NVME',
  'x-amz-checksum-sha1': 'ChecksumSHA1',
  'x-amz-checksum-sha256': 'ChecksumSHA256',
};

/**
 * Compares what a request says about its body, and returns its checksums by header name.
 * @throws BadDigest, XAmzContentChecksumMismatch
 */
export function checkBody(headers: Readonly<Record<string, string>>, body: Uint8Array): Record<string, string> {
  const md5 = headers['content-md5'];
  if (md5 !== undefined && digest('md5')(body) !== md5) {
    throw s3Error('BadDigest', 'The Content-MD5 you specified did not match what we received.', 400);
  }
  const out: Record<string, string> = {};
  for (const [name, compute] of Object.entries(ALGORITHMS)) {
    const sent = headers[name];
    if (sent === undefined) continue;
    if (compute(body) !== sent) {
      const algorithm = name.slice('x-amz-checksum-'.length).toUpperCase();
      throw s3Error('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`, 400);
    }
    out[name] = sent;
  }
  return out;
}

/** Checksums as members of an output. */
export const checksumMembers = (checksums: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(checksums).map(([header, value]) => [MEMBERS[header] ?? header, value]));
