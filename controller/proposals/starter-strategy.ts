// The strategy that `lockstep init` writes into the Release of a new fleet repo, in one place: what is measured of it
// and what a newcomer starts with are the same text.

/**
 * The `strategy` of a Release as YAML, without indentation. Meant for fleets of any size: it halts while few devices
 * have a bad version, and needs no tuning before the first release. `npm run bench -- incidents` shows what its numbers
 * are worth: one failure of forty devices is chance, a second one is not; a day's soak must outlast a fault that shows
 * after a day.
 */
export const STARTER_STRATEGY = `strategy:
  steps: # one after the other; each ends on evidence, not on time alone
    - name: canary
      exposure: 2% # of the devices ...
      minDevices: 5 # ... but at least five
      successes: 5 # so many have to run the version
      soak: 26h # and are then watched for a day and a bit: many faults take hours to show, some a day
    - name: tenth
      exposure: 10%
      soak: 26h
    - name: half
      exposure: 50%
      soak: 26h
    - name: all # everyone
      exposure: 100%
  halt: # by itself, and at any step
    failureRate: 2.5% # when more than this share of the devices failed ...
    minAttempts: 40 # ... of at least so many that failed or succeeded; of all, where a step has fewer
    action: hold # the version goes to nobody else; or rollback, to take it back as well
`;
