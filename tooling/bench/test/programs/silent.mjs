// Says who is at work, and then waits for ever.
process.send({ progress: 'round 2 of 9: a peer that has lost a message' })
process.on('message', () => undefined)
