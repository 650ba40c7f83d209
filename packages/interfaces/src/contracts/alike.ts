/** Whether two values are the same as message bodies: plain data, compared by content. */
export const alike = (left: unknown, right: unknown): boolean => {
  if (Object.is(left, right)) return true
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    return (
      left instanceof Uint8Array &&
      right instanceof Uint8Array &&
      left.length === right.length &&
      left.every((byte, index) => byte === right[index])
    )
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  const [leftKeys, rightKeys] = [Object.keys(left), Object.keys(right)]
  return (
    leftKeys.length === rightKeys.length &&
    leftKeys.every(key => Object.hasOwn(right, key) && alike(Reflect.get(left, key), Reflect.get(right, key)))
  )
}
