// Says who is at work, and then ends without an outcome.
process.send({ progress: 'round 1 of 9: a peer' }, () => process.exit(3))
