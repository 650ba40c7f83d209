/** A text of 100 bytes that says to which key and which writing of it it belongs. */
export const valueOf = (key: string, writing: number): string => `${key}#${writing}`.padEnd(100, '.')

/** Which writing a value is. */
export const writingOf = (value: string): number => Number.parseInt(value.slice(value.indexOf('#') + 1), 10)
