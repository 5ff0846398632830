// The strategy that `lockstep init` writes into the Release of a new fleet repo, in one place: what is measured of it
// and what a newcomer starts with are the same text.

/**
 * The `strategy` of a Release as YAML, without indentation. Meant for fleets of any size: it halts while few devices
 * have a bad version, and needs no tuning before the first release.
 */
export const STARTER_STRATEGY = `strategy:
  steps: # one after the other; each ends on evidence, not on time alone
    - name: canary
      exposure: 1% # of the devices ...
      minDevices: 5 # ... but at least five
      successes: 5 # so many have to run the version
      soak: 24h # and are then watched for a day: many faults take hours to show
    - name: tenth
      exposure: 10%
      soak: 24h
    - name: half
      exposure: 50%
      soak: 24h
    - name: all # everyone
      exposure: 100%
  halt: # by itself, and at any step
    failureRate: 1% # when more than this share of the devices failed ...
    minAttempts: 5 # ... of at least so many that failed or succeeded
    action: hold # the version goes to nobody else; or rollback, to take it back as well
`;
