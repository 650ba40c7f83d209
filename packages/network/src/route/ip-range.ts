import { type Family, fromBytes, parseIp, scopeOf, toBytes, type AddressScope } from '../core/ip.ts'
import { NetworkError } from '../errors.ts'
import { showAs } from '../show-as.ts'

const toNumber = (bytes: readonly number[]) => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

const toAddress = (value: bigint, family: Family) => {
  const length = family === 4 ? 4 : 16
  return fromBytes(
    Array.from({ length }, (_, index) => Number((value >> BigInt((length - 1 - index) * 8)) & 255n)),
  )
}

/**
 * A block of addresses: `10.0.0.0/8`, `2001:db8::/64`, or a single address. Immutable. All addresses of the block belong to it, those of network
 * and broadcast too (FEATURES P2; P2PD counts one of them and not the other, and calls ranges equal that merely overlap).
 */
export class IpRange implements Iterable<string> {
  readonly family: Family
  /** Bits that all addresses share: 32 or 128 for a single one. */
  readonly prefix: number
  /** How many addresses there are. */
  readonly size: bigint
  readonly #first: bigint

  private constructor(first: bigint, family: Family, prefix: number) {
    const width = family === 4 ? 32 : 128
    this.family = family
    this.prefix = prefix
    this.size = 1n << BigInt(width - prefix)
    this.#first = (first / this.size) * this.size
  }

  /**
   * Takes `ADDRESS/PREFIX`, `ADDRESS/NETMASK` (IPv4), or `ADDRESS` alone. Bits behind the prefix are cleared: `10.1.2.3/8` is `10.0.0.0/8`.
   *
   * @throws NetworkError `P2P_BAD_ADDRESS`
   */
  static parse(text: string): IpRange {
    const [address = '', mask, ...rest] = text.split('/')
    const bytes = toBytes(address)
    const family = parseIp(address).kind() === 'ipv4' ? 4 : 6
    const prefix = mask === undefined ? bytes.length * 8 : prefixOf(mask, family)
    if (rest.length > 0 || prefix === undefined || prefix > bytes.length * 8) {
      const shown = JSON.stringify(text.slice(0, 100))
      throw new NetworkError('P2P_BAD_ADDRESS', `${shown} is not a range of addresses: write ADDRESS/PREFIX`)
    }
    return new IpRange(toNumber(bytes), family, prefix)
  }

  /** The lowest address. */
  get first(): string {
    return toAddress(this.#first, this.family)
  }

  /** The highest address. */
  get last(): string {
    return toAddress(this.#first + this.size - 1n, this.family)
  }

  /** What the addresses are for, as far as the first one tells. */
  get scope(): AddressScope {
    return scopeOf(this.first)
  }

  /** The address at an index from the first, or from the last if it is negative; `undefined` outside. */
  at(index: number | bigint): string | undefined {
    const offset = BigInt(index)
    const from = offset < 0n ? this.size + offset : offset
    return from < 0n || from >= this.size ? undefined : toAddress(this.#first + from, this.family)
  }

  /** Whether an address, or all of another range, belongs to this one. @throws NetworkError `P2P_BAD_ADDRESS` */
  contains(other: string | IpRange): boolean {
    const range = typeof other === 'string' ? IpRange.parse(other) : other
    return this.overlaps(range) && range.prefix >= this.prefix
  }

  /** Whether the two have an address in common. */
  overlaps(other: IpRange): boolean {
    return (
      this.family === other.family &&
      this.#first < other.#first + other.size &&
      other.#first < this.#first + this.size
    )
  }

  /** Whether the two have the same addresses. */
  equals(other: IpRange): boolean {
    return this.family === other.family && this.prefix === other.prefix && this.#first === other.#first
  }

  /** From the first to the last. A range of IPv6 is longer than a loop can be: break out of it. */
  *[Symbol.iterator](): IterableIterator<string> {
    for (let offset = 0n; offset < this.size; offset++) yield toAddress(this.#first + offset, this.family)
  }

  toString(): string {
    return `${this.first}/${this.prefix}`
  }

  toJSON(): string {
    return this.toString()
  }
}
showAs(IpRange, range => `IpRange ${range.toString()}`)

/** The prefix that a number or a netmask of IPv4 means; `undefined` if it means none. */
const prefixOf = (mask: string, family: Family): number | undefined => {
  if (/^(?:0|[1-9]\d{0,2})$/.test(mask)) return Number(mask)
  if (family === 6 || !mask.includes('.')) return undefined
  const parsed = parseIp(mask)
  return parsed.prefixLengthFromSubnetMask() ?? undefined
}
