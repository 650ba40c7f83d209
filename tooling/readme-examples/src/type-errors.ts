import ts from 'typescript'

/** Parsed declarations of libraries, which programs that follow each other in one process need again. */
const parsed = new Map<string, ts.SourceFile>()

/**
 * Type-checks all files as one program, each a module of its own, and returns what is wrong as `file:line:column message`.
 *
 * @param inspected which files' errors count; the rest of the program is only read
 */
export const typeErrors = (
  files: readonly string[],
  options: ts.CompilerOptions,
  inspected: (file: string) => boolean,
): string[] => {
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (name, languageVersion, ...rest) => {
    if (!/\/(?:typescript\/lib|@types\/node)\//u.test(name)) return read(name, languageVersion, ...rest)
    const file = parsed.get(name) ?? read(name, languageVersion, ...rest)
    if (file !== undefined) parsed.set(name, file)
    return file
  }
  const program = ts.createProgram(files, options, host)
  const diagnostics = [
    ...program.getConfigFileParsingDiagnostics(),
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...program
      .getSourceFiles()
      .filter(({ fileName }) => inspected(fileName))
      .flatMap(file => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ]
  return diagnostics.map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    if (file === undefined || start === undefined) return message
    const { line, character } = file.getLineAndCharacterOfPosition(start)
    return `${file.fileName}:${line + 1}:${character + 1} ${message}`
  })
}
