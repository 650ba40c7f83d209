import type { Address, Contact } from '@p2p/interfaces'
import { MeshError } from '../errors.ts'
import { idFromKey, idLength, idToBytes } from './ids.ts'
import { malformed } from './malformed.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/** Most addresses that a contact carries on the wire. */
export const maxAddresses = 16

/** Most contacts that one message carries. */
export const maxContacts = 16

/** Longest address, in bytes of UTF-8. */
export const maxAddressLength = 255

const form = /^[a-z][a-z0-9+.-]*:\/\/\S+$/

/** Whether the text has the form of an address. Whether it leads anywhere is its transport's business. */
export const isAddress = (text: string): text is Address => text.length <= maxAddressLength && form.test(text)

/** @throws `P2P_BAD_ADDRESS` */
export const checkAddresses = (addresses: readonly Address[]): void => {
  for (const address of addresses) {
    if (!isAddress(address)) throw new MeshError('P2P_BAD_ADDRESS', `not an address: ${String(address)}`)
  }
}

export const readAddresses = (reader: Reader): Address[] => {
  const count = reader.u8()
  if (count > maxAddresses) throw malformed(`${count} addresses of one node`)
  const addresses: Address[] = []
  for (let index = 0; index < count; index++) {
    const text = reader.text8()
    if (!isAddress(text)) throw malformed('an address without a scheme')
    addresses.push(text)
  }
  return addresses
}

export const writeAddresses = (writer: Writer, addresses: readonly Address[]): void => {
  const some = addresses.slice(0, maxAddresses)
  writer.u8(some.length)
  for (const address of some) writer.text8(address)
}

export const readContact = (reader: Reader): Contact => ({
  id: idFromKey(reader.latin1(idLength)),
  addresses: readAddresses(reader),
})

export const writeContact = (writer: Writer, contact: Contact): void => {
  writer.bytes(idToBytes(contact.id))
  writeAddresses(writer, contact.addresses)
}

export const readContacts = (reader: Reader): Contact[] => {
  const count = reader.u8()
  if (count > maxContacts) throw malformed(`${count} contacts in one message`)
  const contacts: Contact[] = []
  for (let index = 0; index < count; index++) contacts.push(readContact(reader))
  return contacts
}

export const writeContacts = (writer: Writer, contacts: readonly Contact[]): void => {
  const some = contacts.slice(0, maxContacts)
  writer.u8(some.length)
  for (const contact of some) writeContact(writer, contact)
}
