/** IP addresses and ranges, as the condition operators IpAddress and NotIpAddress compare them. */

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** Whether an address lies in a range of CIDR notation, or equals it where it has no prefix length. Undefined: one of them is none. */
export function isInRange(address: string, range: string): boolean | undefined {
  const [start = '', length] = range.split('/');
  const [one, other] = [parseAddress(address), parseAddress(start)];
  if (one === undefined || other === undefined) return undefined;
  const prefix = length === undefined ? other.bits : Number(length);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > other.bits) return undefined;
  if (one.bits !== other.bits) return false;
  const rest = BigInt(other.bits - prefix);
  return one.value >> rest === other.value >> rest;
}

function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Address | undefined {
  const bytes = text.split('.').map((byte) => (/^\d{1,3}$/.test(byte) ? Number(byte) : 256));
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined;
  return { bits: 32, value: bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n) };
}

/** Groups of hexadecimal digits, `::` for as many zeros as are missing. */
function parseV6(text: string): Address | undefined {
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const [head = [], tail = []] = halves;
  const missing = 8 - head.length - tail.length;
  const groups = [...head, ...(halves.length === 2 && missing > 0 ? Array<string>(missing).fill('0') : []), ...tail];
  if (halves.length > 2 || groups.length !== 8 || groups.some((group) => !/^[\da-f]{1,4}$/i.test(group))) return undefined;
  return { bits: 128, value: BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`) };
}
