// How the known device clients differ, as a table: what they send, when they report, what they follow. Observed facts
// about rauc-hawkbit-updater, SWUpdate's suricatta and Zephyr's hawkbit client; the state machine only reads the table.

export type ClientStyle = 'rauc' | 'swupdate' | 'zephyr';

/** The links of a poll that a device acts on. */
export type LinkName = 'configData' | 'deploymentBase' | 'cancelAction';

export interface StyleTraits {
  readonly accept: string;
  readonly contentType: string;
  readonly userAgent: string;
  /** Answers that count as success; anything else is an error to this client. */
  readonly successCodes: readonly number[];
  /** The order in which it works through the links of a poll. */
  readonly linkOrder: readonly LinkName[];
  /** Polls once more, at once, after each step that went well. */
  readonly repollsAtOnce: boolean;
  readonly pollsWhileBusy: boolean;
  /** Reports before the download, and starts it only once that report was accepted. */
  readonly reportsBeforeDownload: boolean;
  readonly reportsProgress: boolean;
  readonly reportsFailure: boolean;
  readonly reportsSuccess: 'before-reboot' | 'after-reboot';
  /** Sends its attributes at every boot, asked or not. */
  readonly attributesAtBoot: boolean;
  /** Fetches the cancelAction document before it answers; otherwise it takes the id from the link. */
  readonly readsCancel: boolean;
  /** How it says that it will not cancel. */
  readonly refusal: { readonly execution: Execution; readonly finished: Finished };
  readonly asksHeadFirst: boolean;
  readonly followsRedirects: boolean;
  /** Takes `download-http` only, and of every link only the path, on the server it is configured for. */
  readonly usesPathOnly: boolean;
  /** What `update: skip` makes it do. */
  readonly onSkip: 'wait' | 'claim-success' | 'install';
}

export type Execution = 'closed' | 'proceeding' | 'rejected';
export type Finished = 'success' | 'failure' | 'none';

export const STYLES: Readonly<Record<ClientStyle, StyleTraits>> = {
  rauc: {
    accept: 'application/json;charset=UTF-8',
    contentType: 'application/json;charset=UTF-8',
    userAgent: 'lockstep-simulate/rauc',
    successCodes: [200],
    linkOrder: ['configData', 'deploymentBase', 'cancelAction'],
    repollsAtOnce: false,
    pollsWhileBusy: true,
    reportsBeforeDownload: false,
    reportsProgress: true,
    reportsFailure: true,
    reportsSuccess: 'before-reboot',
    attributesAtBoot: false,
    readsCancel: true,
    refusal: { execution: 'rejected', finished: 'success' },
    asksHeadFirst: false,
    followsRedirects: true,
    usesPathOnly: false,
    onSkip: 'wait',
  },
  swupdate: {
    accept: 'application/json',
    contentType: 'application/json',
    userAgent: 'lockstep-simulate/swupdate',
    successCodes: [200, 206, 226],
    linkOrder: ['cancelAction', 'deploymentBase', 'configData'],
    repollsAtOnce: false,
    pollsWhileBusy: true,
    reportsBeforeDownload: true,
    reportsProgress: true,
    reportsFailure: true,
    reportsSuccess: 'after-reboot',
    attributesAtBoot: true,
    readsCancel: true,
    refusal: { execution: 'rejected', finished: 'none' },
    asksHeadFirst: true,
    followsRedirects: true,
    usesPathOnly: false,
    onSkip: 'claim-success',
  },
  zephyr: {
    accept: 'application/json',
    contentType: 'application/json',
    userAgent: 'lockstep-simulate/zephyr',
    successCodes: [200],
    linkOrder: ['cancelAction', 'configData', 'deploymentBase'],
    repollsAtOnce: true,
    pollsWhileBusy: false,
    reportsBeforeDownload: false,
    reportsProgress: false,
    reportsFailure: false,
    reportsSuccess: 'after-reboot',
    attributesAtBoot: false,
    readsCancel: false,
    refusal: { execution: 'closed', finished: 'failure' },
    asksHeadFirst: false,
    followsRedirects: false,
    usesPathOnly: true,
    onSkip: 'install',
  },
};
