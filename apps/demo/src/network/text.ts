import { printable, short } from '../words.ts'
import type { Node } from './node.ts'

/** Messages between people: the body is the text. */
const protocol = '/demo/1/text'

/** The longest text that is shown of a message, in UTF-16 units: a screen full. */
const longest = 4096

/** Sends text to everybody in the network. */
export const sendText = ({ mesh }: Node, text: string): void => void mesh.broadcast(protocol, text)

/** Calls `show` with a line for every text that arrives. Every node takes them, so that they do not pile up unread. */
export const onText = ({ mesh }: Node, show: (line: string) => void): Disposable =>
  mesh.handle(protocol, ({ from, body }) => {
    if (typeof body === 'string') show(`${short(from.id)}: ${printable(body.slice(0, longest))}`)
  })
