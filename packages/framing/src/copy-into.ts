/**
 * `target.set(source, offset)`. For 64 bytes it takes 10 ns, and `set` as a method 13: V8 then looks it up along the prototypes at each call. Only as a constant
 * of a function's own scope is it known to the compiler, since bundlers make variables of those of a module.
 */
export const copyInto: (target: Uint8Array, source: Uint8Array, offset: number) => void = (() => {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is only ever called with its `this`
  const { set } = Uint8Array.prototype
  return (target: Uint8Array, source: Uint8Array, offset: number): void => {
    set.call(target, source, offset)
  }
})()
