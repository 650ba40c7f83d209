import { fuzz } from './command.ts'

process.exitCode = await fuzz(process.argv.slice(2), line => console.log(line))
