/**
 * With what Node.js is started to measure. Garbage is collected before each turn; without the second flag V8 would throw the code of those away who had
 * no turn for some collections, and they would be slow each time.
 */
export const nodeFlags: readonly string[] = ['--expose-gc', '--no-flush-bytecode', '--enable-source-maps']
