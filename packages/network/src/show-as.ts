import { inspect } from 'node:util'

/** Gives a class its looks in `console.log` and `util.inspect`. A method by that symbol cannot be declared where declarations are isolated. */
export const showAs = <T>(type: { readonly prototype: T }, show: (value: T) => string | object): void => {
  Object.defineProperty(type.prototype, inspect.custom, {
    value(this: T, depth: number, options: object) {
      const shown = show(this)
      return typeof shown === 'string' ? shown : inspect(shown, { ...options, depth })
    },
  })
}
