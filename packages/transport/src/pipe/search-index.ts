/** One regular expression and whose it is. */
export interface Searcher {
  readonly expression: RegExp
}

/** A part of the expressions: found if one of them is, or `undefined` for so few that each is asked. */
interface Branch<S> {
  readonly any: RegExp | undefined
  readonly members: readonly S[]
  readonly halves: readonly Branch<S>[]
}

/** Expressions that are asked one by one: joining so few saves nothing. */
const fewest = 4

/** Expressions that are joined at most: longer ones take long to compile. */
const most = 128

/** What numbers or names groups would mean something else in company, and what looks behind may be asked alone too. */
const unjoinable = /\\[1-9k]|\(\?</

/**
 * Finds which of many regular expressions a text may match without asking each: `a|b|c|d` matches where one of them does, and if it does its halves are asked.
 * One text and a hundred expressions of which one matches take 15 questions.
 */
export class SearchIndex<S extends Searcher> {
  readonly #roots: readonly Branch<S>[]
  readonly #alone: readonly S[]

  constructor(searchers: readonly S[]) {
    this.#alone = searchers.filter(({ expression }) => unjoinable.test(expression.source))
    const byFlags = new Map<string, S[]>()
    for (const searcher of searchers) {
      const { source, flags } = searcher.expression
      if (unjoinable.test(source)) continue
      const group = byFlags.get(flags) ?? []
      group.push(searcher)
      byFlags.set(flags, group)
    }
    this.#roots = [...byFlags.values()].flatMap(group => {
      const roots: Branch<S>[] = []
      for (let start = 0; start < group.length; start += most)
        roots.push(branch(group.slice(start, start + most)))
      return roots
    })
  }

  /** Calls `found` for all that match the text, and for a few that may. */
  search(text: string, found: (searcher: S) => void): void {
    for (const searcher of this.#alone) found(searcher)
    for (const root of this.#roots) descend(root, text, found)
  }
}

const branch = <S extends Searcher>(members: readonly S[]): Branch<S> => {
  if (members.length <= fewest) return { any: undefined, members, halves: [] }
  const middle = members.length >> 1
  const sources = members.map(({ expression }) => `(?:${expression.source})`)
  const any = new RegExp(sources.join('|'), members[0]?.expression.flags)
  return { any, members, halves: [branch(members.slice(0, middle)), branch(members.slice(middle))] }
}

const descend = <S extends Searcher>(
  { any, members, halves }: Branch<S>,
  text: string,
  found: (searcher: S) => void,
): void => {
  if (any === undefined) {
    for (const member of members) found(member)
    return
  }
  // One that is sticky begins where the last search has left it.
  any.lastIndex = 0
  if (!any.test(text)) return
  for (const half of halves) descend(half, text, found)
}
